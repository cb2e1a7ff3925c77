# SPDX-License-Identifier: GPL-3.0-or-later
# Builds, tests and installs Carapace. `make help` lists the targets.
#
# Sources are found by wildcard: adding a file needs no edit here. Four configurations live side by side:
#   plain   build/carapace            what users run
#   asan    build/asan/carapace       AddressSanitizer + UBSan over a plain malloc heap
#   stress  build/stress/carapace     a collection at every few allocations, switch dispatch
#   fuzz    build/fuzz/               programs for libFuzzer, by clang
# `make CONFIG=asan` builds one of them; `make asan` builds it and runs all tests with it.

CONFIG ?= plain
PREFIX ?= /usr/local

# For another processor: CROSS is what its compiler's name begins with, SYSROOT the folder that has its libraries. HOST_CC
# makes what runs here, during the build. All results go into a folder of that name: build/aarch64-linux-gnu/carapace.
HOST_CC := gcc
CC      := $(CROSS)gcc$(if $(SYSROOT), --sysroot=$(SYSROOT))
BUILD   := build$(if $(CROSS),/$(patsubst %-,%,$(notdir $(CROSS))))

# An empty environment has no PATH, and a user's has no sbin, where smtp-sink lives.
export PATH := $(if $(PATH),$(PATH):)/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla \
            -Wundef -Wold-style-definition -Werror
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

# Per configuration: OUT, where its results go, and CFLAGS, which may be given on the command line.
ifeq ($(CONFIG),plain)
OUT    := $(BUILD)
CFLAGS ?= -O2 -g
else ifeq ($(CONFIG),asan)
OUT    := $(BUILD)/asan
CFLAGS ?= -O1 -g
MODE   := $(SANITIZE) -DMEM_PLAIN
else ifeq ($(CONFIG),stress)
OUT    := $(BUILD)/stress
CFLAGS ?= -O2 -g
MODE   := -DMEM_STRESS -DVM_SWITCH
else ifeq ($(CONFIG),fuzz)
OUT    := build/fuzz
CC     := clang-14
CFLAGS ?= -O1 -g
MODE   := -fsanitize=fuzzer-no-link $(SANITIZE) -DMEM_PLAIN -Wno-error
else
$(error CONFIG is one of: plain asan stress fuzz)
endif
WORK := $(BUILD)/$(CONFIG)/objects

# -ffp-contract=off: a product and a sum are rounded each for itself, on arm64 too, where the compiler would make them one
# operation and the results others than elsewhere.
COMPILE = $(CC) -std=gnu11 -D_GNU_SOURCE $(CPPFLAGS) -I. $(CFLAGS) -pthread -ffp-contract=off $(WARNINGS) $(MODE)
# Each instruction of the virtual machine jumps to the next by itself: the processor foresees those jumps better.
ifneq ($(CONFIG),fuzz)
$(patsubst %,$(WORK)/interp/run/%.o,vm vm_count vm_profile): MODE += -fno-gcse -fno-crossjumping -fno-tree-slp-vectorize
endif
LIBS    = -lgc -lffi -lreadline -luv -lgmp -lpcre2-8 -lutf8proc -ldl -lm
LINK    = $(CC) $(CFLAGS) -pthread $(MODE) $(LDFLAGS)

# What users run has those libraries within: finding them and their symbols would be a third of the time that a start
# takes (docs/performance.md). Loadable modules see nothing of them. STATIC=no, or archives missing: shared ones.
ARCHIVES := gc ffi readline tinfo uv_a gmp pcre2-8 utf8proc
PACKED   := -Wl,-z,pack-relative-relocs
PACKED   := $(if $(filter x86_64-%,$(shell $(CC) -dumpmachine)),$(PACKED)) # which Debian 12's ld can do for no other
STATIC   ?= $(if $(filter lib%,$(foreach name,$(ARCHIVES),$(shell $(CC) -print-file-name=lib$(name).a))),no,yes)
ifeq ($(CONFIG)-$(STATIC),plain-yes)
PROGRAM_LIBS = $(PACKED) -Wl,--exclude-libs,ALL \
               -Wl,-Bstatic $(ARCHIVES:%=-l%) -Wl,-Bdynamic -ldl -lm
else
PROGRAM_LIBS = $(LIBS)
endif

# `make V=1` shows the commands.
ifeq ($(V),)
Q    := @
SHOW  = @printf '  %-8s %s\n'
else
SHOW  = @:
endif

# ---- Sources ---------------------------------------------------------------------------------------------------------

MAIN     := interp/shell/main.c
SOURCES  := $(sort $(wildcard $(foreach room,base data builtin code lang run shell,interp/$(room)/*.c)) \
              $(filter-out modules/loadable/%,$(wildcard modules/*.c modules/*/*.c)))
STDLIB   := $(sort $(wildcard stdlib/*.cpl stdlib/*/*.cpl stdlib/*/*/*.cpl))
LOADABLE := $(patsubst modules/loadable/%/,%,$(wildcard modules/loadable/*/))
C_TESTS  := $(patsubst tests/c/%.c,%,$(wildcard tests/c/test_*.c))
DRIVERS  := $(patsubst tests/c/%.c,%,$(wildcard tests/c/*_driver.c))
C_HELPERS := $(filter-out tests/c/test_% tests/c/%_driver.c,$(wildcard tests/c/*.c))
FUZZERS  := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

OBJECTS := $(SOURCES:%.c=$(WORK)/%.o) $(WORK)/stdlib_data.o
PROGRAM := $(OUT)/carapace
MODULES := $(LOADABLE:%=$(OUT)/modules/%.so)
LIBRARY := $(WORK)/libcarapace.a
TESTS   := $(patsubst %,$(WORK)/tests/%,$(C_TESTS) $(DRIVERS))

# ---- Building --------------------------------------------------------------------------------------------------------

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all
all: $(PROGRAM) $(MODULES)

# -rdynamic: loadable modules find the functions of carapace.h in the executable.
$(PROGRAM): $(OBJECTS) $(WORK)/sources
	$(SHOW) LINK $@
	$(Q)$(LINK) -rdynamic -o $@ $(OBJECTS) $(PROGRAM_LIBS)

# Everything but main, from which a C test or a fuzzer takes what it touches.
$(LIBRARY): $(OBJECTS) $(WORK)/sources
	$(SHOW) AR $@
	$(Q)rm -f $@ && $(CROSS)ar rcs $@ $(filter-out $(WORK)/$(MAIN:.c=.o),$(OBJECTS))

$(WORK)/%.o: %.c $(WORK)/flags
	$(SHOW) CC $<
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

# A loadable module is a folder; it may name its libraries in a file LIBS (one line: -lssl -lcrypto). So that scripts need
# not load it, a file of stdlib/ says "# defines: NAMES" and does (loadLibrary "NAME.so"): see stdlib/crypto.cpl.
.SECONDEXPANSION:
$(OUT)/modules/%.so: $$(wildcard modules/loadable/$$*/*.[ch] modules/loadable/$$*/LIBS modules/loadable/*.h modules/*/*.h) interp/carapace.h $(WORK)/flags
	$(SHOW) MODULE $@
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -fPIC -shared $(LDFLAGS) -o $@ $(filter %.c,$^) $$(cat modules/loadable/$*/LIBS 2>/dev/null)

# What the results depend on besides files: rewritten, and so newer, only when it changes. Without the second one a
# source or script that was deleted would stay in the executable.
$(WORK)/flags: CONTENT = $(COMPILE)
$(WORK)/sources: CONTENT = $(SOURCES) $(STDLIB) $(LINK) $(PROGRAM_LIBS)
$(WORK)/flags $(WORK)/sources: FORCE
	@mkdir -p $(@D)
	@echo '$(CONTENT)' | cmp -s - $@ || echo '$(CONTENT)' > $@
.PHONY: FORCE

-include $(OBJECTS:.o=.d) $(TESTS:=.d)

# ---- The standard library as data ------------------------------------------------------------------------------------

build/embed: stdlib/embed.c
	$(SHOW) CC $<
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) -std=gnu11 -O1 $(WARNINGS) -o $@ $<

$(WORK)/stdlib_data.c: build/embed $(STDLIB) $(WORK)/sources
	$(SHOW) EMBED $@
	$(Q)build/embed stdlib $(STDLIB) > $@

$(WORK)/stdlib_data.o: $(WORK)/stdlib_data.c $(WORK)/flags
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

# ---- Trying it -------------------------------------------------------------------------------------------------------
# Set-up comes first and in a make of its own: the packages it installs are what the rest is built with.

.PHONY: setup demo test test-run test-long c-tests oracle
setup:
	@tests/setup/packages build

demo: setup
	@$(MAKE) --no-print-directory all
	@build/carapace examples/demo.cpl

test:
	@tests/setup/packages build test
	@tests/setup/servers
	@$(MAKE) --no-print-directory test-run

# T=tests/lang runs a part, SEED= repeats an order, JOBS= sets how many run at a time.
test-run: layers all c-tests oracle
	@tests/run-tests --config $(CONFIG) --program $(PROGRAM) --work $(WORK) --compiler '$(CC)' \
	    $(if $(EMULATOR),--emulator '$(EMULATOR)') $(T)

# What runs programs built for another processor. Empty, for example on such a machine itself: nothing is needed.
EMULATOR ?= $(if $(CROSS),qemu-$(firstword $(subst -, ,$(notdir $(CROSS))))$(if $(SYSROOT), -L $(SYSROOT)))

# Builds for arm64 beside the ordinary build and runs what qemu can run of the tests: some fifteen minutes on two processors.
# What that leaves out: docs/engine.md.
.PHONY: test-arm64
ARM64       := CROSS=aarch64-linux-gnu- SYSROOT=$(CURDIR)/build/aarch64-linux-gnu/sysroot
ARM64_TESTS := $(addprefix tests/,c conformance data lang bugs run library stdlib shell commands layers modules examples)
test-arm64:
	@if [ "$$(uname -m)" = aarch64 ]; then echo 'test-arm64: skipped, this machine is one: make test does it'; exit 0; fi; \
	tests/setup/packages build test arm64 && { tests/setup/servers; tests/setup/arm64 build/aarch64-linux-gnu/sysroot; \
	    status=$$?; if [ $$status = 77 ]; then echo 'test-arm64: skipped, for the reason above'; exit 0; fi; \
	    [ $$status = 0 ]; } && \
	$(MAKE) --no-print-directory $(ARM64) test-run T='$(or $(T),$(ARM64_TESTS))'

test-long:
	@$(MAKE) --no-print-directory test LONG=yes
export LONG

# tests/c: test_*.c is a cmocka test, *_driver.c a program that a test of another kind finds in $$CARAPACE_WORK/tests and
# runs, the rest is linked to all of these. Tests may name a header by its file alone; code outside tests/ may not.
TEST_PATHS := $(addprefix -iquote ,tests/c interp modules $(wildcard modules/*/))
c-tests: $(TESTS)
$(TESTS): $(WORK)/tests/%: tests/c/%.c $(C_HELPERS) $(LIBRARY)
	$(SHOW) TEST $@
	@mkdir -p $(@D)
	$(Q)$(COMPILE) $(TEST_PATHS) -MMD -MP -MF $@.d -MT $@ -o $@ $< $(C_HELPERS) $(LIBRARY) -lcmocka $(LIBS)

# A second opinion on messages (tests/mail_oracle); the tests that ask it skip where GMime is not installed.
oracle: build/oracle_gmime
build/oracle_gmime: tests/mail_oracle/oracle_gmime.c
	$(SHOW) CC $<
	@mkdir -p $(@D)
	$(Q)if pkg-config --exists gmime-3.0; then \
	    $(HOST_CC) -std=gnu11 -O1 -g $(WARNINGS) -o $@ $< $$(pkg-config --cflags --libs gmime-3.0) -ljansson; \
	else echo 'oracle: no GMime here, skipped'; fi

.PHONY: asan stress layers
asan stress:
	@$(MAKE) --no-print-directory CONFIG=$@ test

layers:
	@tests/layers

# ---- Fuzzing: make fuzz [F=fuzz_mime] [FUZZ_SECONDS=20] --------------------------------------------------------------
# New inputs gather in build/fuzz/corpus/, seeds lie in tests/fuzz/seeds/NAME (with or without fuzz_); a crash leaves its
# input in build/fuzz/.

FUZZ_SECONDS ?= 20
F ?= $(FUZZERS)
.PHONY: fuzz fuzz-run
fuzz:
	@tests/setup/packages build fuzz
	@$(MAKE) --no-print-directory CONFIG=fuzz fuzz-run

fuzz-run: $(F:%=run-%)
$(FUZZERS:%=run-%): run-fuzz_%: $(OUT)/fuzz_%
	@mkdir -p $(OUT)/corpus/fuzz_$*
	$< -max_total_time=$(FUZZ_SECONDS) -timeout=5 -rss_limit_mb=1024 -print_final_stats=0 -verbosity=0 \
	    -artifact_prefix=$(OUT)/fuzz_$*- $(OUT)/corpus/fuzz_$* $(wildcard tests/fuzz/seeds/fuzz_$* tests/fuzz/seeds/$*)

$(FUZZERS:%=$(OUT)/%): $(OUT)/%: tests/fuzz/%.c $(LIBRARY)
	$(SHOW) FUZZER $@
	$(Q)$(COMPILE) $(TEST_PATHS) -fsanitize=fuzzer -o $@ $< $(LIBRARY) $(LIBS)

# ---- Measuring -------------------------------------------------------------------------------------------------------

# The bench: times beside peers, and counts of instructions against a table. B=: what to measure, see the two programs.
.PHONY: bench bench-table bench-count bench-ready
bench: bench-ready
	$(if $(filter mime,$(B)),@$(MAKE) --no-print-directory bench-mime,@tests/bench/run --program build/carapace $(if $(FULL),--full) $(B))

bench-table: bench-ready
	@tests/bench/run --program build/carapace --full --table docs/performance.md $(or $(B),lang start)

bench-count: bench-ready
	@tests/bench/count --program build/carapace $(B)

bench-ready:
	@tests/setup/packages build bench
	@$(MAKE) --no-print-directory CONFIG=plain all build/measure

# The MIME engines beside GMime, each a C program: make bench B=mime
.PHONY: bench-mime
bench-mime: build/mime_ours build/mime_gmime build/measure
	@tests/bench/mime build/mime_ours build/mime_gmime build/measure

build/mime_ours: tests/bench/mail/mime_ours.c $(LIBRARY)
	$(SHOW) CC $<
	$(Q)$(COMPILE) -o $@ $< $(LIBRARY) $(LIBS)

build/mime_gmime: tests/bench/mail/mime_gmime.c
	$(SHOW) CC $<
	$(Q)if pkg-config --exists gmime-3.0; then \
	    $(CC) -std=gnu11 -D_GNU_SOURCE -O2 $(WARNINGS) -o $@ $< $$(pkg-config --cflags --libs gmime-3.0); \
	else echo 'bench: no GMime here, measured without'; fi

build/measure: tests/bench/measure.c
	$(SHOW) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -O2 $(WARNINGS) -o $@ $<

# ---- Form ------------------------------------------------------------------------------------------------------------

.PHONY: format format-check
FORMATTED = $(shell find interp modules stdlib tests docs examples -name '*.[ch]' 2>/dev/null | sort)
format:
	@clang-format -i $(FORMATTED)
format-check:
	@if command -v clang-format >/dev/null; then clang-format --dry-run -Werror $(FORMATTED); \
	else echo "format-check: no clang-format here, skipped"; fi

# ---- The reference ---------------------------------------------------------------------------------------------------

.PHONY: docs
docs: all
	$(SHOW) DOCS docs/classes.md
	$(Q)$(PROGRAM) docs/make-classes.cpl > build/classes.md && mv build/classes.md docs/classes.md
	$(SHOW) DOCS docs/reference.md
	$(Q)$(PROGRAM) docs/make-reference.cpl . > build/reference.md && mv build/reference.md docs/reference.md

# ---- Installing ------------------------------------------------------------------------------------------------------
# The executable finds modules/ beside itself when run in place, and ../lib/carapace/ when installed; there, scripts/ is
# where `load` looks last.

.PHONY: install uninstall clean help
TREE = $(DESTDIR)$(PREFIX)
INSTALLED_DOCS = $(wildcard README.md COPYING docs/*.md examples/*.cpl examples/*/*)
install: all
	install -D -m 755 $(PROGRAM) $(TREE)/bin/carapace
	install -D -m 644 interp/carapace.h $(TREE)/include/carapace.h
	install -d $(TREE)/lib/carapace/scripts
	@for file in $(INSTALLED_DOCS); do install -D -m 644 $$file $(TREE)/share/doc/carapace/$$file || exit 1; done
	@for file in $(STDLIB); do install -D -m 644 $$file $(TREE)/lib/carapace/$$file || exit 1; done
	@for file in $(MODULES); do install -D -m 644 $$file $(TREE)/lib/carapace/modules/$${file##*/} || exit 1; done

uninstall:
	rm -f $(TREE)/bin/carapace $(TREE)/include/carapace.h
	rm -rf $(TREE)/lib/carapace $(TREE)/share/doc/carapace

clean:
	rm -rf build

help:
	@echo 'make             build build/carapace (CONFIG=asan or stress for a test build, V=1 to see commands)'
	@echo '                 CROSS=aarch64-linux-gnu- SYSROOT=FOLDER: for another processor, into build/aarch64-linux-gnu'
	@echo 'make setup       install the Debian packages that the build needs'
	@echo 'make demo        install what is missing, build, run the demonstration'
	@echo 'make test        install what is missing, build, run all tests   (T=tests/lang SEED=7 JOBS=2 LONG=yes)'
	@echo 'make test-long   the same with the long tests'
	@echo 'make test-arm64  build for arm64 and run what qemu can run of the tests   (T=tests/lang)'
	@echo 'make asan        all tests under AddressSanitizer and UBSan'
	@echo 'make stress      all tests with a collection every few allocations and switch dispatch'
	@echo 'make layers      check who includes whom'
	@echo 'make c-tests     build the C tests only; make oracle builds the GMime program'
	@echo 'make fuzz        run the fuzzers   (F=fuzz_mime FUZZ_SECONDS=20)'
	@echo 'make bench       measure beside other languages, smtp-source and GMime (B=lang, start, mail, mime, fib ...; FULL=yes)'
	@echo 'make bench-table the same with the large sizes, written into docs/performance.md: about 15 minutes'
	@echo 'make bench-count instructions of each program by callgrind beside tests/bench/counts.tsv   (B=--write)'
	@echo 'make format      clang-format all C; format-check only looks'
	@echo 'make docs        write docs/classes.md and docs/reference.md anew: what there is, and where its tests are'
	@echo 'make install     PREFIX=/usr/local DESTDIR=; make uninstall'
	@echo 'make clean       remove build/'
