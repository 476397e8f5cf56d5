// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "tools/bench/machine/command.h"
#include "tools/bench/machine/health.h"
#include "tools/bench/server/program.h"
#include "tools/bench/server/program_files.h"
#include "tools/common/log.h"

#define PROGRAM_WORDS	24
#define PROGRAM_PAUSE	2000	/* microseconds between two checks */
#define PROGRAM_PATIENCE 30000	/* checks, until it listens */
#define PROGRAM_LOOKS	50	/* checks, until its CPU time stands still */
#define PROGRAM_LISTEN	0x0a	/* TCP_LISTEN, as /proc/net/tcp has it */

/* ---- what it uses ---- */

/* Find the next process of a process group. False: there is none. */
static bool program_next(DIR *proc, pid_t group, pid_t *pid)
{
	struct dirent *entry;

	while ((entry = readdir(proc))) {
		char *end;
		long number = strtol(entry->d_name, &end, 10);

		if (number <= 0 || *end || getpgid((pid_t)number) != group)
			continue;
		*pid = (pid_t)number;
		return true;
	}
	return false;
}

static uint64_t program_cpu(pid_t pid)
{
	struct timespec cpu;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &cpu))
		return 0;
	return (uint64_t)cpu.tv_sec * 1000000000 + (uint64_t)cpu.tv_nsec;
}

static uint64_t program_sum(pid_t group, uint64_t (*of)(pid_t pid))
{
	DIR *proc = opendir("/proc");
	uint64_t sum = 0;
	pid_t pid;

	while (proc && program_next(proc, group, &pid))
		sum += of(pid);
	if (proc)
		closedir(proc);
	return sum;
}

/* A running process's clock is a few milliseconds late for other processes. */
static int program_usage(struct bench_child *child)
{
	struct bench_report *report = &child->report;
	uint64_t before;

	if (waitpid(child->program, NULL, WNOHANG) > 0)
		return -ECHILD;
	report->cpu = program_sum(child->program, program_cpu);
	for (unsigned i = 0; i < PROGRAM_LOOKS; i++) {
		before = report->cpu;
		usleep(PROGRAM_PAUSE);
		report->cpu = program_sum(child->program, program_cpu);
		if (report->cpu == before)
			break;
	}
	if (child->mode->lifetime == BENCH_IDLE)
		report->memory = program_sum(child->program, bench_health_anonymous);
	return child->mode->lifetime == BENCH_IDLE && !report->memory ? -EACCES : 0;
}

/* ---- starting ---- */

static void program_words(const char *words[PROGRAM_WORDS], const struct bench_program_files *files,
			  const struct bench_mode *mode)
{
	const char *const serve[] = {
		"/proc/self/exe", "serve", "-t", files->threads, "-l", files->address, "-c",
		"cert.pem", "-k", "key.pem",
		"--max-connections", files->connections, "--max-connections-per-address",
		files->connections,
		"--idle-timeout", "600",
		/* All records are to be sealed by whom the mode names. */
		"--offload", mode->seal == BENCH_USER ? "off" : "auto", "--handover", "at-once",
		"www", NULL,
	};
	const char *const nginx[] = { "nginx", "-e", "stderr", "-p", files->dir, "-c", "conf",
				      NULL };
	const char *const openssl[] = {
		"openssl", "s_server", "-accept", files->address, "-cert", "../cert.pem", "-key",
		"../key.pem", "-WWW", "-quiet",
		mode->way == BENCH_SENDFILE ? "-sendfile" : NULL, NULL,
	};
	const char *const *const all[] = { [BENCH_SERVE] = serve, [BENCH_NGINX] = nginx,
					   [BENCH_OPENSSL] = openssl };

	for (unsigned i = 0; (words[i] = all[mode->program][i]); i++)
		;
}

/* In the new process. It gets SIGTERM when we die, by which it also ends its workers. */
static void program_become(const struct bench_program_files *files, const char *const *words,
			   pid_t parent, int go)
{
	static const int heard[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	const char *path = getenv("PATH");
	char all[PATH_MAX];
	int null, log;
	char word;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	for (size_t i = 0; i < sizeof(heard) / sizeof(heard[0]); i++)
		signal(heard[i], SIG_DFL);
	null = open("/dev/null", O_RDONLY);
	if (getppid() != parent || null < 0 || chdir(files->dir))
		_exit(1);
	log = open("log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (log < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
	    dup2(log, STDERR_FILENO) < 0)
		_exit(1);
	if (snprintf(all, sizeof(all), "%s" BENCH_COMMAND_PATH, path ? path : "/usr/bin:/bin") <
	    (int)sizeof(all))
		setenv("PATH", all, 1);
	/* s_server serves its working directory. */
	if (!strcmp(words[0], "openssl") && (chdir("www") || setenv("OPENSSL_CONF", "../conf", 1)))
		_exit(1);
	/* Waits until the parent's counters are open. */
	if (read(go, &word, 1) != 1)
		_exit(1);
	execvp(words[0], (char *const *)words);
	_exit(errno == ENOENT ? BENCH_COMMAND_MISSING : 1);
}

static int program_start(struct bench_child *child, const struct bench_program_files *files)
{
	const char *words[PROGRAM_WORDS];
	pid_t parent = getpid(), pid;
	int go[2], ret = 0;

	program_words(words, files, child->mode);
	if (pipe2(go, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (!pid)
		program_become(files, words, parent, go[0]);
	if (pid > 0) {
		/* Parent and child both do this, as either may be first. */
		setpgid(pid, pid);
		child->program = pid;
		child->usage = program_usage;
		bench_counters_open(&child->counters, pid, true);
	}
	if (pid < 0 || write(go[1], "", 1) != 1)
		ret = -errno;
	close(go[0]);
	close(go[1]);
	return ret;
}

/* Read from /proc, as a connection of ours would count as a client. */
static bool program_listens(const struct bench_program_files *files)
{
	FILE *list = fopen(*files->address == '[' ? "/proc/net/tcp6" : "/proc/net/tcp", "re");
	unsigned port, state;
	bool found = false;
	char line[512];

	while (!found && list && fgets(line, sizeof(line), list))
		found = sscanf(line, " %*u: %*[0-9A-F]:%x %*s %x", &port, &state) == 2 &&
			port == files->port && state == PROGRAM_LISTEN;
	if (list)
		fclose(list);
	return found;
}

/* Print the last line of its log. */
static void program_last_words(const struct bench_child *child,
			       const struct bench_program_files *files)
{
	char path[PATH_MAX + 8], line[256], last[256] = "";
	FILE *log;

	snprintf(path, sizeof(path), "%s/log", files->dir);
	log = fopen(path, "re");
	while (log && fgets(line, sizeof(line), log))
		if (*line != '\n')
			strcpy(last, line);
	if (log)
		fclose(log);
	last[strcspn(last, "\n")] = '\0';
	log_line("%s: %s", child->mode->name, *last ? last : "it ended without a word");
}

static int program_wait(struct bench_child *child, const struct bench_program_files *files)
{
	int status;

	for (unsigned i = 0; i < PROGRAM_PATIENCE; i++) {
		if (program_listens(files))
			return 0;
		if (waitpid(child->program, &status, WNOHANG) > 0) {
			child->report.lack = WIFEXITED(status) && WEXITSTATUS(status) ==
									  BENCH_COMMAND_MISSING ?
						     BENCH_LACK_PROGRAM :
						     BENCH_LACK_START;
			if (child->report.lack == BENCH_LACK_START)
				program_last_words(child, files);
			return -ECHILD;
		}
		usleep(PROGRAM_PAUSE);
	}
	return -ETIMEDOUT;
}

/* Kills the process group. Workers become our children when their parent has ended. */
static void program_stop(struct bench_child *child)
{
	if (child->program <= 0)
		return;
	kill(-child->program, SIGKILL);
	while (waitpid(-1, NULL, 0) >= 0 || errno == EINTR)
		;
}

/* ---- the whole ---- */

/* Kernel TLS that the library cannot use here, no other program can. */
static bool program_in_vain(struct bench_child *child)
{
	enum tlsring_reason why = TLSRING_REASON_NONE;

	if (child->mode->seal != BENCH_KERNEL ||
	    tlsring_ctx_expected(child->ctx, true, &why) == TLSRING_PATH_KERNEL)
		return false;
	child->report.paths[TLSRING_PATH_USER]++;
	child->report.why = why;
	return true;
}

int bench_program_serve(struct bench_child *child)
{
	struct bench_program_files files;
	int ret;

	if (program_in_vain(child))
		return -EOPNOTSUPP;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	ret = bench_program_files_make(&files, child);
	if (!ret)
		ret = program_start(child, &files);
	if (!ret)
		ret = program_wait(child, &files);
	while (!ret && bench_child_asked(child))
		;
	program_stop(child);
	child->program = 0;
	bench_program_files_remove(&files);
	return ret;
}
