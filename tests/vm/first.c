/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first program of a kernel that has its drivers as modules: /init of the initramfs that
 * tests/vm/initramfs makes. Loads the modules that lie in /modules in the order of their names,
 * mounts the root that the kernel was told of (root=, rootfstype=, rootflags=) read-only and goes
 * on to what init= names. A kernel that has all this built in does the same by itself.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NEW_ROOT "/root"
#define COMMAND_LINE_MAX 4096

/* The machine ends: the kernel has panic=-1 and no other way to be told. */
__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
	const char *why = strerror(errno);
	va_list args;

	va_start(args, format);
	fputs("tests/vm/first: ", stderr);
	vfprintf(stderr, format, args);
	fprintf(stderr, ": %s\n", why);
	va_end(args);
	reboot(RB_AUTOBOOT);
	_exit(1);
}

static void load(const char *name)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "/modules/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST))
		die("cannot load %s", path);
	close(fd);
}

static void load_all(void)
{
	struct dirent **entries;
	int count = scandir("/modules", &entries, NULL, alphasort);

	if (count < 0)
		die("cannot read /modules");
	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.')
			load(entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}

static void make_and_mount(const char *type, const char *folder)
{
	mkdir(folder, 0755);
	if (mount(type, folder, type, 0, NULL))
		die("cannot mount %s", folder);
}

/* Ends the machine where there is none. `line` is changed. */
static const char *option(char *line, const char *name)
{
	const size_t length = strlen(name);
	char *rest = line;

	for (char *word = strtok_r(line, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest))
		if (strncmp(word, name, length) == 0)
			return word + length;
	errno = EINVAL;
	die("no %s on the kernel's command line", name);
}

static void read_command_line(char line[COMMAND_LINE_MAX])
{
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, line, COMMAND_LINE_MAX - 1);

	if (got < 0)
		die("cannot read /proc/cmdline");
	line[got] = '\0';
	close(fd);
}

int main(void)
{
	char line[4][COMMAND_LINE_MAX];
	const char *source, *type, *flags, *next;

	make_and_mount("proc", "/proc");
	for (size_t i = 0; i < sizeof(line) / sizeof(line[0]); i++)
		read_command_line(line[i]);
	source = option(line[0], "root=");
	type = option(line[1], "rootfstype=");
	flags = option(line[2], "rootflags=");
	next = option(line[3], "init=");
	load_all();
	mkdir(NEW_ROOT, 0755);
	if (mount(source, NEW_ROOT, type, MS_RDONLY, flags))
		die("cannot mount the root");
	umount("/proc");
	if (chdir(NEW_ROOT) || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		die("cannot change to the root");
	execl(next, next, (char *)NULL);
	die("cannot start %s", next);
}
