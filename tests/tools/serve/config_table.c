// SPDX-License-Identifier: MIT
/* The table of settings: each type of value, defaults, and what a reload cannot change. */
#include <sys/resource.h>
#include "tests/ktap.h"
#include "tools/serve/config/file.h"

static struct config config;
static struct config_host *host;

static void begin(void)
{
	EQ(config_init(&config), 0);
	host = config_host_add(&config, 0);
	CHECK(host);
}

static int set(const char *name, const char *value)
{
	const struct config_setting *setting = config_find(name, NULL);
	const char *why = NULL;
	int ret;

	CHECK(setting);
	ret = config_set(&config, host, setting, value, 0, &why);
	CHECK(!ret || (why && *why));
	return ret;
}

TEST(names_are_found)
{
	const struct config_setting *setting;
	size_t index = 0;

	for (size_t i = 0; (setting = config_setting(i)); i++) {
		CHECK(config_find(setting->name, &index) == setting);
		EQ(index, i);
		CHECK(setting->type && setting->help);
		/* A flag without an argument is a switch, and the other way round. */
		EQ(!setting->arg, setting->type == &config_type_switch);
		/* Hosts change with each reload. */
		CHECK(setting->scope == CONFIG_SERVER || !setting->fixed);
	}
	CHECK(!config_find("no-such", NULL));
}

TEST(switches_take_the_same_words)
{
	static const char *const on[] = { "on", "yes", "true", "1", "ON", "Yes" };
	static const char *const off[] = { "off", "no", "false", "0", "Off", "NO" };
	const struct config_setting *setting;

	begin();
	for (size_t i = 0; (setting = config_setting(i)); i++) {
		const bool *at = (bool *)((char *)(setting->scope == CONFIG_HOST ? (void *)host :
						   (void *)&config) + setting->at);

		for (size_t j = 0; setting->type == &config_type_switch && j < 6; j++) {
			EQ(set(setting->name, on[j]), 0);
			CHECK(*at);
			EQ(set(setting->name, off[j]), 0);
			CHECK(!*at);
			EQ(set(setting->name, ""), -EINVAL);
			EQ(set(setting->name, "maybe"), -EINVAL);
		}
	}
	config_free(&config);
}

TEST(numbers)
{
	begin();
	EQ(config.limits.handshake_timeout, 30);
	EQ(config.limits.requests, 1000000);
	EQ(config.file_cache, 256);
	EQ(set("idle-timeout", "7"), 0);
	EQ(config.limits.idle_timeout, 7);
	EQ(set("min-rate", "0"), 0);
	EQ(config.limits.min_rate, 0);
	EQ(set("max-connections", "10000000"), 0);
	EQ(set("max-connections", "0"), -EINVAL);
	EQ(set("max-connections", "10000001"), -EINVAL);
	EQ(set("max-connections", "4294967297"), -EINVAL);
	EQ(set("max-connections", "99999999999999999999999"), -EINVAL);
	EQ(set("header-timeout", "-1"), -EINVAL);
	EQ(set("header-timeout", "+1"), -EINVAL);
	EQ(set("header-timeout", "5s"), -EINVAL);
	EQ(set("header-timeout", ""), -EINVAL);
	EQ(config.limits.connections, 10000000);
	config_free(&config);
}

TEST(connections_by_descriptors)
{
	const struct rlimit few = { 60, 60 };

	EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
	begin();
	EQ(set("dir", "."), 0);
	EQ(config_finish(&config), 0);
	EQ(config.limits.connections, 20);
	EQ(config.limits.connections_per_address, 15);
	config_free(&config);
}

TEST(connections_of_one_client_follow)
{
	begin();
	EQ(set("dir", "."), 0);
	EQ(set("max-connections", "100"), 0);
	EQ(config_finish(&config), 0);
	EQ(config.limits.connections_per_address, 75);
	config_free(&config);
	begin();
	EQ(set("dir", "."), 0);
	EQ(set("max-connections-per-address", "0"), 0);
	EQ(config_finish(&config), 0);
	EQ(config.limits.connections_per_address, 0);
	config_free(&config);
}

/* A value that differs from the default. */
static const char *other(const struct config_setting *setting)
{
	static char number[16];

	if (setting->type == &config_type_switch)
		return setting->initial ? "off" : "on";
	for (const struct config_word *word = setting->words; word && word->word; word++)
		if (strcmp(word->word, setting->initial))
			return word->word;
	if (setting->type == &config_type_address || setting->type == &config_type_addresses)
		return ":1";
	snprintf(number, sizeof(number), "%u", setting->max);
	if (setting->initial && !strcmp(number, setting->initial))
		snprintf(number, sizeof(number), "%u", setting->min);
	return setting->type == &config_type_number ? number : "text";
}

TEST(every_fixed_setting_is_told)
{
	const struct config_setting *setting;
	struct config_fixed fixed;
	char names[512];

	begin();
	EQ(set("dir", "."), 0);
	EQ(config_finish(&config), 0);
	EQ(config_fixed_note(&fixed, &config), 0);
	EQ(config_fixed_changes(&fixed, &config, names, sizeof(names)), 0);
	config_free(&config);
	for (size_t i = 0; (setting = config_setting(i)); i++) {
		begin();
		EQ(set("dir", "."), 0);
		if (setting->scope == CONFIG_SERVER)
			EQ(set(setting->name, other(setting)), 0);
		EQ(config_finish(&config), 0);
		EQ(config_fixed_changes(&fixed, &config, names, sizeof(names)) > 0, setting->fixed);
		if (setting->fixed && !strstr(names, setting->name))
			FAIL("%s is not told", setting->name);
		config_free(&config);
	}
	config_fixed_free(&fixed);
}

TEST(what_is_printed_can_be_read)
{
	static const char *const hosts[][2] = {
		{ "dir", "/srv" },
		{ "name", "WWW.example.org" },
		{ "index", "a.html, b.html" },
		{ "cache-control", "*.css=max-age=1, public" },
		{ "error-page", "404=//errors/404.html" },
		{ "type", "mjs=text/javascript" },
		{ "hidden", "yes" },
		{ "tls-min", "1.3" },
	};
	char *text = NULL, names[512], path[] = "/tmp/tlsring-config.XXXXXX";
	struct config_fixed fixed;
	struct config again;
	int fd = mkstemp(path);
	FILE *out = fdopen(fd, "w");
	size_t len;

	begin();
	EQ(set("pin", "yes"), 0);
	EQ(set("threads", "3"), 0);
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		EQ(set(hosts[i][0], hosts[i][1]), 0);
	EQ(config_finish(&config), 0);
	config_file_print(&config, out);
	fclose(out);
	EQ(config_init(&again), 0);
	EQ(config_file_read(&again, path), 0);
	unlink(path);
	CHECK(again.pin && again.threads == 3 && again.hosts[0].site.hidden);
	EQ_STR(again.hosts[0].names.rows[0].text, "www.example.org");
	EQ_STR(site_rules_find(&again.hosts[0].site.error_pages, "404"), "errors/404.html");
	EQ(again.hosts[0].site.index.count, 2);
	EQ(again.hosts[0].tls_min, CONFIG_TLS_1_3);
	EQ(config_fixed_note(&fixed, &config), 0);
	EQ(config_fixed_changes(&fixed, &again, names, sizeof(names)), 0);
	config_fixed_free(&fixed);
	out = open_memstream(&text, &len);
	config_file_print(&again, out);
	fclose(out);
	CHECK(strstr(text, "index = a.html,b.html\n"));
	free(text);
	config_free(&again);
	config_free(&config);
}
