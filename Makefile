# Sojourn: build, test, install. `make help` lists the targets.

PREFIX ?= /usr/local
DESTDIR ?=
BUILD ?= build
CC = gcc
WERROR ?= -Werror
VERSION := $(shell sed -n 's/^\#define SJ_VERSION "\(.*\)"/\1/p' middleware/include/sojourn/sojourn.h)
SOVERSION := 0
# `make V=1` shows the commands; otherwise a line each.
Q = $(if $(V),,@echo '  $(1) $(patsubst $(BUILD)/%,%,$@)';)
JOBS := $(shell nproc 2>/dev/null || echo 2)

.DEFAULT_GOAL := all

include tools/deps.mk

WARN = -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wcast-qual -Wwrite-strings \
	-Wmissing-prototypes -Wstrict-prototypes -Wswitch-enum -Wundef -Wvla \
	-Wimplicit-fallthrough $(FRAME) $(WERROR)
FRAME = -Wframe-larger-than=4096
OPT = -O2 -g
FORTIFY = -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
SANITIZE =
# Marks for shadow stacks cost nothing; the processors that know them are x86.
CET := $(if $(filter x86_64 i%86,$(shell uname -m)),-fcf-protection)
HARDEN = $(FORTIFY) -fstack-protector-strong -fstack-clash-protection $(CET) -fPIC -fvisibility=hidden
# The same bytes wherever and whenever it is built (make reproduce): no path of the builder.
REPRODUCIBLE = -ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(abspath $(BUILD))=build
CPPFLAGS_ALL = -D_GNU_SOURCE -Imiddleware -Imiddleware/include -Icard-sim -Itools -isystem /usr/include/PCSC \
	-isystem /usr/include/postgresql -isystem /usr/include/p11-kit-1 -isystem /usr/include/openjpeg-2.5 $(CPPFLAGS)
CFLAGS_ALL = -std=c17 $(OPT) $(WARN) $(HARDEN) $(REPRODUCIBLE) $(SANITIZE) $(CFLAGS)
LDFLAGS_ALL = -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed $(SANITIZE) $(LDFLAGS)
LDFLAGS_EXE = -pie $(LDFLAGS_ALL)

LIBS_CORE = -lcrypto -lz
LIBS_READER = -lpcsclite -lpthread
LIBS_TOOLS = -ljansson -linih -lseccomp
LIBS_gate = -lsqlite3 -lpthread
LIBS_authority = -lsqlite3 -lp11-kit
LIBS_portrait = -ljpeg -lopenjp2 -lpng -lseccomp -lm
LIBS_signed = -lseccomp
LIBS_evidence = -lsqlite3
LIBS_verify = -lsqlite3
LIBS_counter = -lmicrohttpd -lsqlite3 -lpthread

# --- what is built from what -------------------------------------------------

core_src := $(sort $(wildcard middleware/wire/*.c middleware/crypt/*.c middleware/secure/*.c))
reader_src := $(sort $(wildcard middleware/reader/*.c middleware/document/*.c middleware/piv/*.c middleware/trust/*.c middleware/gate/*.c middleware/eid/*.c middleware/journal/*.c))
card_src := $(sort $(wildcard card-sim/host/*.c card-sim/applets/*.c card-sim/applets/*/*.c card-sim/link/*.c))
cli_src := $(sort $(wildcard tools/cli/*.c))
pkcs11_src := $(sort $(wildcard pkcs11/*.c))

# Take apart what nobody vouches for, alone: of ours no more is linked than that needs, and no OpenSSL.
confined_programs := portrait signed
programs := $(sort $(notdir $(patsubst %/,%,$(dir $(wildcard tools/*/main.c)))))
public_programs := reader trust verify demo lab gate key pin terminal evidence counter
card_programs := card bench

objs = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
all_src := $(core_src) $(reader_src) $(card_src) $(pkcs11_src) $(wildcard tools/*.c tools/*/*.c)

lib_so := $(BUILD)/lib/libsojourn.so.$(SOVERSION)
pkcs11_so := $(BUILD)/lib/pkcs11/sojourn-pkcs11.so
core_a := $(BUILD)/lib/core.a
reader_a := $(BUILD)/lib/reader.a
card_a := $(BUILD)/lib/card.a
cli_a := $(BUILD)/lib/cli.a
pkcs11_a := $(BUILD)/lib/pkcs11.a

# What the programs read at run time.
share := $(patsubst %,$(BUILD)/share/sojourn/%,$(notdir $(wildcard tools/demo/*.json tools/demo/*.jp* tools/schema/*.json tools/authority/*.json)))
counter_page := $(patsubst tools/counter/page/%,$(BUILD)/share/sojourn/counter/%,$(wildcard tools/counter/page/*)) \
	$(addprefix $(BUILD)/share/sojourn/counter/,openapi.json fhir-patient.json)
completions := $(BUILD)/share/bash-completion/completions/sojourn $(BUILD)/share/zsh/site-functions/_sojourn \
	$(BUILD)/share/fish/vendor_completions.d/sojourn.fish

.PHONY: all lib programs
all: deps-ready lib programs $(share) $(counter_page) $(completions)
lib: $(lib_so) $(pkcs11_so)
programs: $(BUILD)/bin/sojourn $(patsubst %,$(BUILD)/libexec/sojourn/sojourn-%,$(programs))

$(BUILD)/obj/%.o: %.c | deps-ready
	@mkdir -p $(@D)
	$(call Q,CC)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(core_a): $(call objs,$(core_src))
$(reader_a): $(call objs,$(reader_src))
$(card_a): $(call objs,$(card_src))
$(cli_a): $(call objs,$(cli_src))
$(pkcs11_a): $(call objs,$(pkcs11_src))
%.a:
	@mkdir -p $(@D)
	@rm -f $@
	$(call Q,AR)$(AR) rcsD $@ $^

# Programs load and unload these two at will; a thread left in a call that hangs, and what their libraries
# registered for a thread's or the process' end, must still be there (nodelete).
$(lib_so): $(core_a) $(reader_a) middleware/sojourn.map
	$(call Q,LD)$(CC) -shared -o $@ -Wl,-soname,$(@F) -Wl,--version-script,middleware/sojourn.map \
		-Wl,--whole-archive $(reader_a) -Wl,--no-whole-archive $(core_a) \
		$(LDFLAGS_ALL) -Wl,-z,defs -Wl,-z,nodelete $(LIBS_CORE) $(LIBS_READER)
	@ln -sf $(@F) $(BUILD)/lib/libsojourn.so

$(pkcs11_so): $(call objs,$(pkcs11_src)) $(reader_a) $(core_a) pkcs11/sojourn-pkcs11.map
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) -shared -o $@ -Wl,-soname,$(@F) -Wl,--version-script,pkcs11/sojourn-pkcs11.map \
		$(filter %.o,$^) $(reader_a) $(core_a) $(LDFLAGS_ALL) -Wl,-z,nodelete $(if $(SANITIZE),,-Wl$(comma)-z$(comma)defs) \
		-linih $(LIBS_CORE) $(LIBS_READER)

# It only finds and starts another: of the library it has the table of failures, and loads no libcrypto for it.
$(BUILD)/bin/sojourn: $(call objs,$(sort $(wildcard tools/*.c))) $(cli_a) $(reader_a) $(core_a)
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(LDFLAGS_EXE) -o $@ $(filter %.o,$^) $(cli_a) $(reader_a) $(core_a) $(LIBS_TOOLS) $(LIBS_CORE)

# Operators' tools see the public library only; the card and the benchmarks
# have the card inside; the issuing side shares trust's code, linked in.
define public_program
$(BUILD)/libexec/sojourn/sojourn-$(1): $$(call objs,$$(sort $$(wildcard tools/$(1)/*.c))) $$(cli_a) $$(lib_so)
	@mkdir -p $$(@D)
	$$(call Q,LD)$$(CC) $$(LDFLAGS_EXE) -o $$@ $$(filter %.o,$$^) $$(cli_a) -L$$(BUILD)/lib -lsojourn \
		-Wl,-rpath,'$$$$ORIGIN/../../lib' $$(LIBS_TOOLS) $$(LIBS_$(1))
endef
define whole_program
$(BUILD)/libexec/sojourn/sojourn-$(1): $$(call objs,$$(sort $$(wildcard tools/$(1)/*.c))) $$(cli_a) $$(card_a) $$(reader_a) $$(core_a)
	@mkdir -p $$(@D)
	$$(call Q,LD)$$(CC) $$(LDFLAGS_EXE) -o $$@ $$(filter %.o,$$^) $$(cli_a) $(if $(filter $(1),$(card_programs)),$$(card_a)) \
		$$(reader_a) $$(core_a) $$(LIBS_CORE) $$(LIBS_READER) $$(LIBS_TOOLS) $$(LIBS_$(1))
endef
define confined_program
$(BUILD)/libexec/sojourn/sojourn-$(1): $$(call objs,$$(sort $$(wildcard tools/$(1)/*.c))) $$(cli_a) $$(reader_a) $$(core_a)
	@mkdir -p $$(@D)
	$$(call Q,LD)$$(CC) $$(LDFLAGS_EXE) -o $$@ $$^ $$(LIBS_$(1))
endef
$(foreach p,$(confined_programs),$(eval $(call confined_program,$(p))))
$(foreach p,$(filter $(public_programs),$(programs)),$(eval $(call public_program,$(p))))
$(foreach p,$(filter-out $(public_programs) $(confined_programs),$(programs)),$(eval $(call whole_program,$(p))))

vpath %.json tools/demo tools/schema tools/authority
vpath %.jpg tools/demo
vpath %.jp2 tools/demo
$(BUILD)/share/sojourn/%: %
	@mkdir -p $(@D)
	@cp $< $@
$(BUILD)/share/sojourn/counter/%: tools/counter/page/%
	@mkdir -p $(@D)
	@cp $< $@
$(BUILD)/share/sojourn/counter/%: tools/counter/%
	@mkdir -p $(@D)
	@cp $< $@
$(completions): $(BUILD)/bin/sojourn $(patsubst %,$(BUILD)/libexec/sojourn/sojourn-%,$(programs))
	@mkdir -p $(@D)
	@$(BUILD)/bin/sojourn --completion $(if $(findstring bash,$@),bash,$(if $(findstring zsh,$@),zsh,fish)) > $@

include tests/tests.mk

# --- install -----------------------------------------------------------------

units := $(wildcard tools/*/*.service tools/*/*.timer)
.PHONY: install uninstall clean help
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/sojourn $(DESTDIR)$(PREFIX)/lib/pkgconfig \
		$(DESTDIR)$(PREFIX)/include/sojourn $(DESTDIR)$(PREFIX)/share/sojourn \
		$(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man5 $(DESTDIR)$(PREFIX)/share/man/man7
	install -m755 $(BUILD)/bin/sojourn $(DESTDIR)$(PREFIX)/bin/
	install -m755 $(patsubst %,$(BUILD)/libexec/sojourn/sojourn-%,$(programs)) $(DESTDIR)$(PREFIX)/libexec/sojourn/
	install -m644 $(lib_so) $(DESTDIR)$(PREFIX)/lib/
	ln -sf $(notdir $(lib_so)) $(DESTDIR)$(PREFIX)/lib/libsojourn.so
	install -D -m644 $(pkcs11_so) $(DESTDIR)$(PREFIX)/lib/pkcs11/$(notdir $(pkcs11_so))
	install -d $(DESTDIR)$(PREFIX)/share/p11-kit/modules
	sed -e 's|@PREFIX@|$(PREFIX)|g' pkcs11/sojourn.module.in > $(DESTDIR)$(PREFIX)/share/p11-kit/modules/sojourn.module
	install -m644 middleware/include/sojourn/*.h $(DESTDIR)$(PREFIX)/include/sojourn/
	install -m644 $(share) $(DESTDIR)$(PREFIX)/share/sojourn/
	install -d $(DESTDIR)$(PREFIX)/share/sojourn/counter
	install -m644 $(counter_page) $(DESTDIR)$(PREFIX)/share/sojourn/counter/
	$(foreach c,$(completions:$(BUILD)/%=%),install -D -m644 $(BUILD)/$(c) $(DESTDIR)$(PREFIX)/$(c);)
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	$(foreach u,$(units),sed -e 's|@PREFIX@|$(PREFIX)|g' $(u) > $(DESTDIR)$(PREFIX)/lib/systemd/system/$(notdir $(u));)
	sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@VERSION@|$(VERSION)|g' middleware/sojourn.pc.in \
		> $(DESTDIR)$(PREFIX)/lib/pkgconfig/sojourn.pc
	$(foreach s,1 5 7,$(if $(wildcard tools/man/*.$(s)),install -m644 $(wildcard tools/man/*.$(s)) $(DESTDIR)$(PREFIX)/share/man/man$(s)/;))

uninstall:
	rm -rf $(DESTDIR)$(PREFIX)/libexec/sojourn $(DESTDIR)$(PREFIX)/include/sojourn $(DESTDIR)$(PREFIX)/share/sojourn
	rm -f $(DESTDIR)$(PREFIX)/bin/sojourn $(DESTDIR)$(PREFIX)/lib/libsojourn.so* $(DESTDIR)$(PREFIX)/lib/pkgconfig/sojourn.pc \
		$(DESTDIR)$(PREFIX)/lib/pkcs11/sojourn-pkcs11.so $(DESTDIR)$(PREFIX)/share/p11-kit/modules/sojourn.module \
		$(patsubst %,$(DESTDIR)$(PREFIX)/lib/systemd/system/%,$(notdir $(units))) \
		$(DESTDIR)$(PREFIX)/share/man/man[157]/sojourn* $(completions:$(BUILD)/%=$(DESTDIR)$(PREFIX)/%)

clean:
	rm -rf $(BUILD)

help:
	@echo 'make             build everything into $(BUILD)/'
	@echo 'make demo        the main job, end to end: issue a card, verify it offline'
	@echo 'make check       all tests and lints (under ten minutes on two cores)'
	@echo 'make check-programs  programs of others with the PKCS#11 module (installs them)'
	@echo 'make screenshots  a picture of each state of the counter'\''s page into $(BUILD)/screenshots'
	@echo 'make analyze     every path of every function by the static analyzer'
	@echo 'make prove       that functions make no run-time error, whatever the input'
	@echo 'make soak        80 threads of 10 processes on one card, plain and under TSan: SOAK_SECONDS=600'
	@echo 'make bench       measure, beside the floors, into $(BUILD)/bench.json'
	@echo 'make coverage     lines and branches that the tests and the fuzzing corpus reach'
	@echo 'make fuzz         one parser under libFuzzer: PARSER=cms FUZZ_ARGS=-max_total_time=60'
	@echo 'make campaign    the long runs: ten million inputs a parser, and more'
	@echo 'make reproduce   build twice in different places, and compare bit by bit'
	@echo 'make install     PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)'
	@echo 'make deps        install what is missing to build and run (Debian)'
	@echo 'make deps-check  install what is missing to test (Debian)'
	@echo 'make clean       remove $(BUILD)/'
	@echo 'Variables: CC=clang, WERROR= (for packagers), BUILD=dir'

-include $(patsubst %.c,$(BUILD)/obj/%.d,$(all_src))
