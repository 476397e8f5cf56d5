// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include "tools/bench/machine/command.h"
#include "tools/bench/options.h"
#include "tools/bench/server/program_files.h"

#define FILES_SPARE	624	/* connections: new ones overlap with old ones */
#define FILES_SAID	8192	/* bytes of `nginx -V` */

static FILE *files_open(const struct bench_program_files *files, const char *name)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", files->dir, name) >= (int)sizeof(path))
		return NULL;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd < 0 ? NULL : fdopen(fd, "w");
}

/* 0 or -errno, also of what was written before. */
static int files_close(FILE *file)
{
	bool bad = !file || ferror(file);
	int error = errno;

	if (!file || (!fclose(file) && !bad))
		return file ? 0 : -error;
	return errno ? -errno : -EIO;
}

static int files_certificate(const struct bench_program_files *files, SSL_CTX *ssl)
{
	FILE *certificate = files_open(files, "cert.pem"), *key = files_open(files, "key.pem");
	bool good = certificate && key &&
		    PEM_write_X509(certificate, SSL_CTX_get0_certificate(ssl)) &&
		    PEM_write_PrivateKey(key, SSL_CTX_get0_privatekey(ssl), NULL, NULL, 0, NULL,
					 NULL);
	int ret = files_close(certificate), other = files_close(key);

	return ret ? ret : other ? other : good ? 0 : -EIO;
}

static int files_content(const struct bench_program_files *files, const struct bench_setup *setup)
{
	char www[PATH_MAX];
	FILE *file;

	/* A folder of its own, so that the key is not served. */
	snprintf(www, sizeof(www), "%s/www", files->dir);
	if (mkdir(www, 0700))
		return -errno;
	file = files_open(files, "www/file");
	if (file)
		fwrite(setup->map, 1, setup->options->size, file);
	return files_close(file);
}

/* nginx makes folders for modules that are not used here, and gives them to its user. They are set
 * to ours, so that those of an installed nginx are left alone. */
static void files_nginx_folders(FILE *out, const char *dir)
{
	static const char *const modules[] = { "proxy", "fastcgi", "uwsgi", "scgi" };
	char said[FILES_SAID], without[64];

	if (bench_command_run("nginx -V", said, sizeof(said)))
		said[0] = '\0';
	fprintf(out, "\tclient_body_temp_path %s;\n", dir);
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		snprintf(without, sizeof(without), "--without-http_%s_module", modules[i]);
		if (!strstr(said, without))
			fprintf(out, "\t%s_temp_path %s;\n", modules[i], dir);
	}
}

/* A configuration as for speed. */
static void files_nginx(FILE *out, const struct bench_program_files *files,
			const struct bench_mode *mode)
{
	fprintf(out, "%sworker_processes %s;\ndaemon off;\npid %s/pid;\nerror_log stderr warn;\n",
		geteuid() ? "" : "user root root;\n", files->threads, files->dir);
	fprintf(out, "events {\n\tworker_connections %s;\n\tmulti_accept on;\n}\n",
		files->connections);
	fputs("http {\n\tdefault_type application/octet-stream;\n\taccess_log off;\n"
	      "\tsendfile on;\n\ttcp_nopush on;\n\ttcp_nodelay on;\n"
	      "\topen_file_cache max=1000 inactive=60s;\n\topen_file_cache_valid 30s;\n"
	      "\tkeepalive_timeout 600s;\n\tkeepalive_requests 100000000;\n"
	      "\tssl_protocols TLSv1.2 TLSv1.3;\n\tssl_session_tickets on;\n", out);
	files_nginx_folders(out, files->dir);
	fprintf(out,
		"\tssl_certificate %s/cert.pem;\n\tssl_certificate_key %s/key.pem;\n%s"
		"\tserver {\n\t\tlisten %s ssl backlog=512%s;\n\t\troot %s/www;\n\t}\n}\n",
		files->dir, files->dir,
		mode->seal == BENCH_KERNEL ? "\tssl_conf_command Options KTLS;\n" : "",
		files->address, strcmp(files->threads, "1") ? " reuseport" : "", files->dir);
}

/* Set by a configuration file, as s_server of OpenSSL 3.0 has no option for kernel TLS. */
static void files_openssl(FILE *out, const struct bench_mode *mode)
{
	if (mode->seal == BENCH_KERNEL)
		fputs("openssl_conf = main\n[main]\nssl_conf = ssl\n[ssl]\nsystem_default = "
		      "tls\n[tls]\nOptions = KTLS\n",
		      out);
}

static int files_config(const struct bench_program_files *files, const struct bench_mode *mode)
{
	FILE *out = files_open(files, "conf");

	if (out && mode->program == BENCH_NGINX)
		files_nginx(out, files, mode);
	else if (out && mode->program == BENCH_OPENSSL)
		files_openssl(out, mode);
	return files_close(out);
}

static int files_address(struct bench_program_files *files, int listener)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof(address);
	char text[INET6_ADDRSTRLEN];
	bool six;

	if (getsockname(listener, (struct sockaddr *)&address, &len))
		return -errno;
	six = address.ss_family == AF_INET6;
	inet_ntop(address.ss_family,
		  six ? (void *)&((struct sockaddr_in6 *)&address)->sin6_addr :
			(void *)&((struct sockaddr_in *)&address)->sin_addr,
		  text, sizeof(text));
	/* NOLINT: getsockname() wrote it */
	files->port = ntohs(((struct sockaddr_in *)&address)->sin_port);
	snprintf(files->address, sizeof(files->address), six ? "[%s]:%u" : "%s:%u", text,
		 files->port);
	return 0;
}

static int files_make_in(struct bench_program_files *files, const struct bench_child *child,
			 const char *base)
{
	int ret;

	if (!base ||
	    snprintf(files->dir, sizeof(files->dir), "%s/tlsring-bench.XXXXXX", base) >=
		    (int)sizeof(files->dir) ||
	    !mkdtemp(files->dir)) {
		files->dir[0] = '\0';
		return -ENOENT;
	}
	ret = files_config(files, child->mode);
	if (!ret)
		ret = files_certificate(files, child->setup->server);
	if (!ret)
		ret = files_content(files, child->setup);
	if (ret)
		bench_program_files_remove(files);
	return ret;
}

int bench_program_files_make(struct bench_program_files *files, const struct bench_child *child)
{
	const char *const bases[] = { getenv("TMPDIR"), "/dev/shm", "/tmp" };
	int ret;

	*files = (struct bench_program_files){ 0 };
	snprintf(files->threads, sizeof(files->threads), "%u", child->setup->options->threads);
	snprintf(files->connections, sizeof(files->connections), "%u",
		 child->setup->options->connections + FILES_SPARE);
	ret = files_address(files, child->listener);
	if (ret)
		return ret;
	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		ret = files_make_in(files, child, bases[i]);
		if (!ret)
			break;
	}
	return ret;
}

static void files_empty(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(path);
}

void bench_program_files_remove(struct bench_program_files *files)
{
	char www[PATH_MAX];

	if (!*files->dir)
		return;
	snprintf(www, sizeof(www), "%s/www", files->dir);
	files_empty(www);
	files_empty(files->dir);
	files->dir[0] = '\0';
}
