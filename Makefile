# SPDX-License-Identifier: MIT
# `make help` lists the targets, `make V=1` shows the commands.

VERSION	:= 0.2.0
SOVERSION := 0

O	?= build
CC	?= cc
PREFIX	?= /usr/local
LIBDIR	?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
BINDIR	?= $(PREFIX)/bin
MANDIR	?= $(PREFIX)/share/man
UNITDIR	?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
BASHDIR	?= $(PREFIX)/share/bash-completion/completions
FISHDIR	?= $(PREFIX)/share/fish/vendor_completions.d
ZSHDIR	?= $(PREFIX)/share/zsh/site-functions
PKGCONFIG ?= pkg-config
OBJCOPY	?= objcopy
CFLAGS	?= -O2 -g
DIR	?= .
KERNEL	?= all
SUDO	:= $(if $(filter 0,$(shell id -u)),,sudo)

LIBS_NEEDED := libssl libcrypto liburing libmnl libsodium
WARN	:= -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wvla
# CPPFLAGS, CFLAGS and LDFLAGS of the command line come behind these.
OUR_CPPFLAGS := -D_GNU_SOURCE -I. -Iktls -Ilib -DTLSRING_VERSION='"$(VERSION)"'
ALL_CFLAGS = -std=gnu11 $(WARN) -fPIC -fvisibility=hidden -pthread $(OUR_CPPFLAGS) $(CPPFLAGS) \
	$(shell $(PKGCONFIG) --cflags $(LIBS_NEEDED)) $(CFLAGS) \
	$(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all)
ALL_LDFLAGS = $(LDFLAGS) -pthread $(if $(SANITIZE),-fsanitize=$(SANITIZE))
LIB_LIBS = $(shell $(PKGCONFIG) --libs $(LIBS_NEEDED))
TOOL_LIBS = $(shell $(PKGCONFIG) --libs jansson libnghttp2 liburiparser inih) -lm

Q	:= $(if $(V),,@)
say	= $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$(2)')

LIB_SRC	:= $(wildcard ktls/*.c uring/*.c lib/*/*.c)
TOOL_SRC := $(wildcard tools/*.c tools/*/*.c tools/*/*/*.c)
TEST_SRC := $(wildcard tests/ktls/*.c tests/uring/*.c tests/lib/*/*.c tests/tools/*/*.c tests/lab/*.c tests/bench/*.c \
	tests/interop/peers/*.c)
LIB_OBJ	:= $(LIB_SRC:%.c=$(O)/%.o)
TOOL_OBJ := $(TOOL_SRC:%.c=$(O)/%.o)
FUZZ_SRC := $(filter-out tests/fuzz/replay.c,$(wildcard tests/fuzz/*.c))
EXAMPLE_SRC := $(wildcard tests/examples/*.c tests/examples/*/*.c)
PUBLIC	:= $(O)/include/tlsring.h $(O)/include/tlsring_reason.h
TEST_BIN := $(TEST_SRC:%.c=$(O)/%) $(EXAMPLE_SRC:%.c=$(O)/%) $(FUZZ_SRC:%.c=$(O)/%)
# Peers in other languages, where their compilers are.
PEERS	:= $(if $(shell command -v javac),$(O)/tests/interop/peers/Peer.class) \
	$(if $(shell command -v go),$(O)/tests/interop/peers/go)
MAN1	:= $(wildcard man/*.1)
MAN5	:= $(wildcard man/*.5)
MAN7	:= $(wildcard man/*.7)
# Section 3 is made from the headers: a page for each call.
MAN3	:= $(O)/man3/made
CALLS	= $(shell sed -n 's/^\t\(tlsring_[a-z0-9_]*\);/\1/p' lib/tlsring.map)

.PHONY: all lib tests help deps install uninstall clean serve check check-native lab rooms rig rig-shell bench \
	tidy fuzz format-check html abi-check deb deb-check
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

all: lib $(O)/tlsring ## the library and the program (default)

lib: $(O)/libtlsring.a $(O)/libtlsring.so.$(VERSION) ## the library alone

tests: $(TEST_BIN) $(PEERS) $(O)/tlsring $(MAN3) ## every test program

$(O)/%.o: %.c Makefile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Their code is not ours to mend.
$(O)/tools/vendor/%.o: WARN := -Wall

# Examples are compiled as a user's programs: nothing but the public headers can be found.
$(EXAMPLE_SRC:%.c=$(O)/%.o): OUR_CPPFLAGS := -I$(O)/include
$(EXAMPLE_SRC:%.c=$(O)/%.o): $(PUBLIC)

$(PUBLIC): $(O)/include/%: $(wildcard lib/tlsring.h ktls/tlsring_reason.h)
	@mkdir -p $(@D)
	$(Q)cp $(filter %/$*,$^) $@

# One object in which only the public calls are global, so that no name of ours meets another's.
$(O)/libtlsring.a: $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)$(CC) -r -nostdlib -o $(@:.a=.o) $^
	$(Q)$(OBJCOPY) --localize-hidden $(@:.a=.o)
	$(Q)rm -f $@ && $(AR) rcs $@ $(@:.a=.o)

# For our own tests, which call what is inside.
$(O)/libtlsring-tests.a: $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcsT $@ $^

$(O)/libtlsring.so.$(VERSION): $(LIB_OBJ) lib/tlsring.map
	$(call say,LD,$@)
	$(Q)grep -q '^TLSRING_$(basename $(VERSION)) {' lib/tlsring.map || \
		{ echo "lib/tlsring.map has no TLSRING_$(basename $(VERSION))" >&2; exit 1; }
	$(Q)$(CC) -shared $(ALL_LDFLAGS) -Wl,-soname,libtlsring.so.$(SOVERSION) \
		-Wl,--version-script=lib/tlsring.map -Wl,-z,relro,-z,now,-z,nodelete -o $@ $(LIB_OBJ) $(LIB_LIBS)
	$(Q)ln -sf libtlsring.so.$(VERSION) $(O)/libtlsring.so.$(SOVERSION)
	$(Q)ln -sf libtlsring.so.$(VERSION) $(O)/libtlsring.so

$(O)/tlsring: $(TOOL_OBJ) $(O)/libtlsring.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS) $(TOOL_LIBS)

TOOL_TEST := $(filter $(O)/tests/tools/% $(O)/tests/lab/%,$(TEST_BIN))
$(TOOL_TEST): %: %.o $(filter-out $(O)/tools/main.o,$(TOOL_OBJ)) $(O)/libtlsring-tests.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS) $(TOOL_LIBS)

# By its name, or else the rule below is taken where only this is missing.
$(O)/tests/fuzz/replay.o:
$(O)/tests/fuzz/%: $(O)/tests/fuzz/%.o $(O)/tests/fuzz/replay.o $(filter-out $(O)/tools/main.o,$(TOOL_OBJ)) $(O)/libtlsring-tests.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS) $(TOOL_LIBS)

$(O)/tests/examples/%: $(O)/tests/examples/%.o $(O)/libtlsring.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

$(O)/tests/%: $(O)/tests/%.o $(O)/libtlsring-tests.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

$(O)/tests/interop/peers/Peer.class: tests/interop/peers/Peer.java
	$(call say,JAVAC,$<)
	@mkdir -p $(@D)
	$(Q)javac -d $(@D) $<

$(O)/tests/interop/peers/go: tests/interop/peers/peer.go
	$(call say,GO,$<)
	@mkdir -p $(@D)
	$(Q)CGO_ENABLED=0 GO111MODULE=off go build -o $@ $<

$(MAN3): man/pages.py lib/tlsring.h ktls/tlsring_reason.h lib/tlsring.map $(wildcard tests/examples/pages/*.c)
	$(call say,MAN,$(@D))
	$(Q)rm -rf $(@D) && python3 man/pages.py man $(@D) && touch $@

html: $(MAN3) ## all man pages as pages of HTML, in build/html; needs mandoc
	$(Q)python3 man/pages.py html $(O)/html $(MAN1) $(CALLS:%=$(O)/man3/%.3) $(MAN5) $(MAN7)

deps: ## install the Debian packages that a build and the tests need (tests/build-packages, tests/packages)
	$(Q)tests/deps tests/build-packages tests/packages

serve: ## install what a build needs, build, and serve DIR (default: this folder) over HTTPS
	$(Q)tests/deps tests/build-packages
	$(Q)$(MAKE) --no-print-directory all
	$(O)/tlsring serve $(DIR)

check: deps ## install what is needed, run every test, here and on the rig's three kernels
	$(Q)tests/deps tests/interop/packages tests/check-packages
	$(Q)tests/check

check-native: rooms tests ## run the tests on this machine's own kernel (T=room/name for one)
	$(Q)tests/run --build $(O) $(T)

rooms: ## look for dependencies that go up, or across rooms
	$(Q)tests/rooms

lab: ## look for what breaks when a part of the machine fails, at length: T=lab/name for one, RUNS=1000 at most of each
	$(Q)$(MAKE) -s O=$(O)/asan SANITIZE=address,undefined CFLAGS="-O1 -g1 -w" all tests
	$(Q)TLSRING_LAB=$(or $(RUNS),1000) TLSRING_SANITIZED=1 TLSRING_TEST_TIMEOUT=86400 tests/run --build $(O)/asan \
		$(or $(T),$$(tests/run --list | grep ^lab/))
	$(Q)$(MAKE) -s O=$(O)/tsan SANITIZE=thread CFLAGS="-O1 -g1 -w" $(O)/tsan/tests/lab/caller
	$(Q)TLSRING_LAB=$(or $(RUNS),1000) TLSRING_TEST_TIMEOUT=86400 tests/run --build $(O)/tsan lab/caller

rig: ## run the tests on real kernels: KERNEL=6.1|6.12|newest|all, T=room/name, COUNT=1 counts instructions
	$(Q)tests/rig/rig --kernel $(KERNEL) $(if $(COUNT),--count) $(T)

rig-shell: ## a shell inside the rig: KERNEL=6.1|6.12|newest
	$(Q)tests/rig/rig --kernel $(if $(filter all,$(KERNEL)),6.12,$(KERNEL)) $(if $(COUNT),--count) --shell

bench: ## what serve costs beside nginx, in instructions: KERNEL=6.1|6.12|newest (default: 6.12 and newest), JSON=1
	$(Q)tests/bench/bench $(if $(JSON),--json) $(if $(filter-out all,$(KERNEL)),--kernel $(KERNEL))

format-check: ## compare the lines changed since main with .clang-format, and with 100 columns
	$(Q)tests/format

fuzz: ## look for new faults with libFuzzer: T=http2 or another of tests/fuzz, SECS=600; needs clang
	@mkdir -p $(O)/fuzz/$(T)
	$(Q)clang $(ALL_CFLAGS) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o $(O)/fuzz/$(T).fuzz \
		tests/fuzz/$(T).c $(filter-out tools/main.c,$(TOOL_SRC)) $(LIB_SRC) $(LIB_LIBS) $(TOOL_LIBS)
	$(O)/fuzz/$(T).fuzz -max_total_time=$(or $(SECS),600) $(O)/fuzz/$(T) tests/fuzz/corpus/$(T)

tidy: ## clang-tidy over everything (.clang-tidy says what it looks for); CHANGED=1: over what differs from origin/main
	$(Q)tests/tidy $(if $(CHANGED),--changed)

# Fills in a template: @prefix@ and so on.
fill	= sed -e 's|@prefix@|$(PREFIX)|' -e 's|@libdir@|$(LIBDIR)|' -e 's|@includedir@|$(1)|' \
	-e 's|@bindir@|$(BINDIR)|' -e 's|@version@|$(VERSION)|' -e 's|@soversion@|$(SOVERSION)|'
CMAKEDIR = $(LIBDIR)/cmake/tlsring

install: all $(MAN3) ## install under DESTDIR and PREFIX (also LIBDIR, INCLUDEDIR, BINDIR, MANDIR, UNITDIR)
	install -d $(addprefix $(DESTDIR),$(LIBDIR)/pkgconfig $(CMAKEDIR) $(INCLUDEDIR) $(BINDIR) \
		$(addprefix $(MANDIR)/man,1 3 5 7) $(UNITDIR) $(SYSUSERSDIR) $(TMPFILESDIR) \
		$(BASHDIR) $(FISHDIR) $(ZSHDIR))
	install -m 644 $(O)/libtlsring.a $(DESTDIR)$(LIBDIR)
	install -m 755 $(O)/libtlsring.so.$(VERSION) $(DESTDIR)$(LIBDIR)
	ln -sf libtlsring.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libtlsring.so.$(SOVERSION)
	ln -sf libtlsring.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libtlsring.so
	$(call fill,$(INCLUDEDIR)) lib/tlsring.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/tlsring.pc
	$(call fill,$(shell realpath -m --relative-to=$(CMAKEDIR) $(INCLUDEDIR))) \
		lib/tlsring-config.cmake.in > $(DESTDIR)$(CMAKEDIR)/tlsring-config.cmake
	$(call fill) lib/tlsring-config-version.cmake.in > $(DESTDIR)$(CMAKEDIR)/tlsring-config-version.cmake
	install -m 644 lib/tlsring.h ktls/tlsring_reason.h $(DESTDIR)$(INCLUDEDIR)
	install -m 755 $(O)/tlsring $(DESTDIR)$(BINDIR)
	$(if $(MAN1),install -m 644 $(MAN1) $(DESTDIR)$(MANDIR)/man1)
	install -m 644 $(CALLS:%=$(O)/man3/%.3) $(DESTDIR)$(MANDIR)/man3
	$(if $(MAN5),install -m 644 $(MAN5) $(DESTDIR)$(MANDIR)/man5)
	$(if $(MAN7),install -m 644 $(MAN7) $(DESTDIR)$(MANDIR)/man7)
	$(call fill) tools/serve/tlsring.service.in > $(DESTDIR)$(UNITDIR)/tlsring.service
	install -m 644 tools/serve/tlsring.sysusers $(DESTDIR)$(SYSUSERSDIR)/tlsring.conf
	install -m 644 tools/serve/tlsring.tmpfiles $(DESTDIR)$(TMPFILESDIR)/tlsring.conf
	install -m 644 tools/completion/tlsring.bash $(DESTDIR)$(BASHDIR)/tlsring
	install -m 644 tools/completion/tlsring.fish $(DESTDIR)$(FISHDIR)/tlsring.fish
	install -m 644 tools/completion/tlsring.zsh $(DESTDIR)$(ZSHDIR)/_tlsring
ifeq ($(DESTDIR),)
	@if [ "$$(id -u)" = 0 ] && command -v systemd-sysusers > /dev/null; then \
		systemd-sysusers $(SYSUSERSDIR)/tlsring.conf; \
		systemd-tmpfiles --create $(TMPFILESDIR)/tlsring.conf; fi
	@if [ "$$(id -u)" = 0 ]; then ldconfig; else echo "run ldconfig as root, so that programs find the library"; fi
endif

uninstall: ## take away what install put there
	rm -f $(DESTDIR)$(LIBDIR)/libtlsring.* $(DESTDIR)$(LIBDIR)/pkgconfig/tlsring.pc
	rm -rf $(DESTDIR)$(CMAKEDIR)
	rm -f $(addprefix $(DESTDIR)$(INCLUDEDIR)/,tlsring.h tlsring_reason.h) $(DESTDIR)$(BINDIR)/tlsring
	rm -f $(foreach page,$(notdir $(MAN1) $(MAN5) $(MAN7)) $(CALLS:%=%.3),$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(page))
	rm -f $(addprefix $(DESTDIR),$(UNITDIR)/tlsring.service $(SYSUSERSDIR)/tlsring.conf \
		$(TMPFILESDIR)/tlsring.conf $(BASHDIR)/tlsring $(FISHDIR)/tlsring.fish $(ZSHDIR)/_tlsring)

abi-check: ## compare the library's interface with that of the last release: BASE=commit
	$(Q)tests/abi $(BASE)

deb: ## Debian packages of this release of Debian, in build/deb; installs what they need
	$(Q)tests/deb/build $(O)/deb

deb-check: ## build, install, try, upgrade and remove the packages on minimal Debians: SUITE="bookworm trixie"
	$(Q)tests/deb/check $(SUITE)

clean: ## remove what was built in O (default: build)
	rm -rf $(O)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r t d; do \
		printf '  %-14s %s\n' "$$t" "$$d"; done

-include $(LIB_OBJ:.o=.d) $(TOOL_OBJ:.o=.d) $(TEST_BIN:=.d)
