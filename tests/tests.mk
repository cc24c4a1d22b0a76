# Tests: programs from tests/<room>/test_*.c, bats files, lints; as gcc makes them and under its sanitisers.

comma := ,

authority_a := $(BUILD)/lib/authority.a
$(authority_a): $(call objs,$(filter-out tools/authority/main.c,$(wildcard tools/authority/*.c)))

gate_a := $(BUILD)/lib/gate.a
$(gate_a): $(call objs,$(filter-out tools/gate/main.c,$(wildcard tools/gate/*.c)))

counter_a := $(BUILD)/lib/counter.a
counter_objs := $(call objs,$(filter-out tools/counter/main.c,$(wildcard tools/counter/*.c)))
$(counter_a): $(counter_objs)

test_src := $(wildcard tests/*/test_*.c)
test_bins := $(patsubst %.c,$(BUILD)/%,$(test_src))
# Programs that only check-programs installs.
program_bats := $(filter-out tests/programs/yubico.bats,$(wildcard tests/programs/*.bats))
test_bats := $(filter-out $(program_bats),$(wildcard tests/*/*.bats))
# What runs a database server: one build is enough.
server_bats := tests/card/register_server.bats
test_lints := $(wildcard tests/lint/lint-*)
fuzz_rooms := $(shell grep -Eo '"[a-z]+", fuzz_' tests/fuzz/parsers.c | cut -d\" -f2)

# Looks at much memory, and at what sanitisers keep to themselves.
$(call objs,tests/failures/scan.c tests/failures/made.c): override SANITIZE =
# Stands before libc, for libraries too, from the first moment of a process on.
fail_objs := $(call objs,$(addprefix tests/failures/,fail.c streams.c scarce.c preload.c))
$(fail_objs): override SANITIZE =
$(fail_objs): override HARDEN = -fPIC
# Before whole programs: tests/failures/tools.
$(BUILD)/tests/failures/fail.so: $(fail_objs)
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) -shared -o $@ $^ -ldl

# What test programs share: tests/<room>/<name>.c that is no test itself.
helper_rooms := unit card reader peers power hostile vectors
helper_a := $(BUILD)/lib/helpers.a
$(helper_a): $(call objs,$(filter-out $(test_src) tests/power/asker.c,$(wildcard $(helper_rooms:%=tests/%/*.c))))
$(addprefix $(BUILD)/tests/peers/test_,eac eac_terminal eac_certificates eac_card): TEST_LIBS = -leac
$(BUILD)/tests/unit/test_wire_cbor: TEST_LIBS = -lcbor
$(BUILD)/tests/reader/test_no_memory: TEST_LIBS = -Wl,--wrap=calloc
$(BUILD)/tests/reader/test_turn: TEST_LIBS = -Wl,--wrap=sj_clock_ms
$(BUILD)/tests/card/test_store_lock: TEST_LIBS = -Wl,--wrap=flock
$(BUILD)/tests/reader/test_pcsc_others: TEST_LIBS = -Wl,--wrap=SCardTransmit,--wrap=SCardStatus
$(BUILD)/tests/unit/test_authority_signatures: TEST_LIBS = -Wl,--wrap=cli_write_all,--wrap=fdatasync
$(BUILD)/tests/unit/test_trust_file: TEST_LIBS = -Wl,--wrap=fstatat
$(BUILD)/tests/unit/test_cli_confine: TEST_LIBS = -Wl,--wrap=seccomp_load
$(BUILD)/tests/unit/test_crypt_constant: TEST_LIBS = -Wl,--wrap=sj_equal_secret
$(BUILD)/tests/unit/test_cli_files: TEST_LIBS = -Wl,--wrap=write,--wrap=fsync
$(BUILD)/tests/reader/test_pcsc_calls: TEST_LIBS = -Wl,--wrap=SCardTransmit,--wrap=SCardEstablishContext
$(BUILD)/tests/unit/test_counter_map: $(call objs,tools/counter/map.c)
$(BUILD)/tests/unit/test_counter_api: $(counter_objs) $(call objs,tests/failures/folder.c)
$(BUILD)/tests/unit/test_counter_api: TEST_LIBS = $(LIBS_counter)
# A card that lies inside its own secure messaging.
$(BUILD)/tests/hostile/test_eid_hostile: TEST_LIBS = -Wl,--wrap=emrtd_ca2_agree,--wrap=eid_ri_identify
$(BUILD)/tests/unit/test_gate_% $(BUILD)/tests/unit/test_evidence_% $(BUILD)/tests/power/test_journal: TEST_LIBS = -lsqlite3
$(BUILD)/tests/unit/test_gate_helper: TEST_LIBS += -Wl,--wrap=fork,--wrap=usleep
$(BUILD)/tests/unit/test_evidence_store: TEST_LIBS += -Wl,--wrap=lstat
# Power cuts: every command that a test sends, and every comparison of secrets in it, is watched.
$(BUILD)/tests/power/test_sweep: TEST_LIBS = $(addprefix -Wl$(comma)--wrap=,card_transmit card_settle card_dispatch card_sm_open card_piv_open card_store_set sj_equal_secret link)
# The module against readers and cards that only this file knows, instead of middleware/piv.
$(filter $(BUILD)/tests/pkcs11/test_fake_%,$(test_bins)): $(call objs,tests/pkcs11/fakepiv.c)

# Objects and mechanisms over a card that is software (tests/pkcs11/fake), without slots.
p11_logic := $(patsubst %,pkcs11/%.c,attributes template objects card_objects public find create change \
	mechanisms operations sign verify digest cipher derive keygen message unsupported rv)
p11_fake_objs := $(call objs,$(p11_logic) tests/pkcs11/fake/card.c)
$(p11_fake_objs): CPPFLAGS_ALL += -I.
$(addprefix $(BUILD)/tests/pkcs11/test_,objects made_objects mechanisms operations): $(p11_fake_objs)
$(addprefix $(BUILD)/tests/pkcs11/test_,stage threads): $(call objs,tests/pkcs11/stage.c)

# The whole module over a card that a test plugs in, without pcscd.
plug_wrap := -Wl,--wrap=sj_readers_list,--wrap=sj_readers_get,--wrap=sj_readers_free,--wrap=sj_card_wait
$(addprefix $(BUILD)/tests/pkcs11/test_,commands odd_cards removal): $(call objs,tests/pkcs11/plug.c)
$(addprefix $(BUILD)/tests/pkcs11/test_,commands odd_cards removal): TEST_LIBS = $(plug_wrap)
$(BUILD)/tests/pkcs11/test_removal: $(call objs,tests/pkcs11/uses.c tests/pkcs11/uses_change.c)

# Every operation with failures inside (tests/failures).
sweep_src := $(addprefix tests/failures/,fail.c streams.c scarce.c folder.c) $(wildcard tests/failures/sweep*.c) $(addprefix tests/pkcs11/,plug.c work.c)
sweep_libs := $(plug_wrap) -Wl,--wrap=card_transmit,--wrap=card_power_on -lsqlite3 \
	$(addprefix -Wl$(comma)--wrap=SCard,EstablishContext ReleaseContext ListReaders GetStatusChange Connect Disconnect Status Transmit GetAttrib)
$(BUILD)/tests/failures/test_sweep: $(call objs,$(sweep_src))
$(BUILD)/tests/failures/test_sweep: TEST_LIBS = $(sweep_libs)
$(BUILD)/tests/power/test_synced: $(call objs,$(sweep_src))
$(BUILD)/tests/power/test_synced: TEST_LIBS = $(sweep_libs) $(addprefix -Wl$(comma)--wrap=,open rename renameat link linkat fsync fdatasync)
# The same over a card that lies inside its secure messaging, too, at a time of the test's own.
liar_wrap := -Wl,--wrap=sj_sm_response_put,--wrap=sj_piv_sm_response_put,--wrap=sj_scp03_wrap_response,--wrap=sj_clock_ms
$(BUILD)/tests/hostile/test_card: $(call objs,tests/pkcs11/plug.c tests/pkcs11/work.c)
$(BUILD)/tests/hostile/test_card: TEST_LIBS = $(plug_wrap) $(liar_wrap)

# Secrets that were made are searched for; those of whole programs, by whoever starts them.
$(BUILD)/tests/failures/watch: $(call objs,tests/failures/watch.c tests/failures/scan.c) $(core_a)
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(LDFLAGS_EXE) -o $@ $^ $(LIBS_CORE)
# The keys that they put to use: before a whole program, without sanitisers, as fail.so.
$(call objs,tests/failures/keys.c): override SANITIZE =
$(call objs,tests/failures/keys.c): override HARDEN = -fPIC
$(BUILD)/tests/failures/keys.so: $(call objs,tests/failures/keys.c)
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) -shared -o $@ $^ -lcrypto -ldl
# A program with the module in it, whose secrets are looked for.
$(BUILD)/tests/failures/p11_secrets: $(call objs,tests/failures/p11_secrets.c)
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(LDFLAGS_EXE) -o $@ $^ -ldl
made_wrap := $(addprefix -Wl$(comma)--wrap=,sj_ec_secret_random sj_ec_secret_read sj_ec_agree sj_dh_secret_random sj_dh_agree sj_rsa_private sj_kdf sj_hkdf_extract sj_hkdf_expand sj_wipe free card_charge_begin sj_tap_verdict)
# What a test wipes itself is none of ours.
$(call objs,tests/reader/gate_card.c tests/reader/gate_stage.c): CPPFLAGS_ALL += -Dsj_wipe=explicit_bzero
$(BUILD)/tests/failures/test_secrets: $(call objs,tests/failures/scan.c tests/failures/made.c $(sweep_src))
$(BUILD)/tests/failures/test_secrets: TEST_LIBS = $(made_wrap) $(sweep_libs)

.PHONY: tests check check-programs screenshots analyze prove soak bench campaign demo fuzz .harness .rooms .suite reproduce .campaign-builds coverage
bench_bins := $(addprefix $(BUILD)/tests/bench/,bench nullcard signer)
tests: all $(test_bins) $(addprefix $(BUILD)/tests/failures/,watch fail.so keys.so p11_secrets) $(BUILD)/tests/fuzz/mutate $(bench_bins) $(BUILD)/tests/power/asker

$(call objs,$(wildcard tests/*/*.c)): CPPFLAGS_ALL += -I.
$(test_bins): $(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(helper_a) $(authority_a) $(gate_a) $(cli_a) $(pkcs11_a) $(card_a) $(reader_a) $(core_a)
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(LDFLAGS_EXE) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(TEST_LIBS) -lcmocka $(LIBS_TOOLS) $(LIBS_authority) $(LIBS_CORE) $(LIBS_READER)
# What an input may make fail is a line each in wrap.c, what is calculated once in memo.c.
fuzz_wrap := $(plug_wrap) $(shell sed -En 's/^WRAP_[A-Z]*.([a-z]*),.*/-Wl,--wrap=\1/p; s/^WRAP.[A-Z]*, [^,]*, [^,]*, ([A-Za-z0-9_]*),.*/-Wl,--wrap=\1/p; s/^MEMO.([a-z_]*),.*/-Wl,--wrap=\1/p' tests/fuzz/wrap.c tests/fuzz/memo.c) $(addprefix -Wl$(comma)--wrap=,$(addprefix SCard,EstablishContext ReleaseContext ListReaders GetStatusChange Connect \
	Disconnect BeginTransaction EndTransaction Status Transmit Control GetAttrib) RAND_priv_bytes EVP_PKEY_Q_keygen EVP_PBE_scrypt fopen fdopen fileno scandir counter_pages_find $(addprefix MHD_,start_daemon stop_daemon lookup_connection_value queue_response set_connection_option) card_sm_protect sj_ec_sign card_socket_listen card_socket_accept)
fuzz_parts := $(call objs,$(fuzz_rooms:%=tests/fuzz/parsers_%.c) $(addprefix tests/fuzz/,calls_given.c calls_more.c failures.c snapshot.c wrap.c memo.c bundle_world.c evidence_world.c sod.c) tests/failures/folder.c $(addprefix tests/pkcs11/,plug.c work.c)) \
	$(call objs,$(addprefix tools/portrait/,picture.c jpeg.c jpeg2000.c) tools/key/pem.c) $(helper_a) $(counter_a) $(authority_a) $(gate_a) $(cli_a) $(pkcs11_a) $(card_a) $(reader_a) $(core_a)
fuzz_libs := -lcmocka -ljpeg -lopenjp2 -lm $(LIBS_TOOLS) $(LIBS_counter) $(LIBS_authority) $(LIBS_CORE) $(LIBS_READER)
$(BUILD)/tests/fuzz/mutate: $(call objs,$(addprefix tests/fuzz/,mutate.c structure.c parsers.c)) $(fuzz_parts)
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(LDFLAGS_EXE) $(fuzz_wrap) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(fuzz_libs)
# libFuzzer looks at a counter of each branch after each input: those of one room are a third, and half as many
# inputs more a second. Who compiles with -ffunction-sections gets them.
fuzz_each := $(fuzz_rooms:%=$(BUILD)/tests/fuzz/libfuzzer-%)
$(fuzz_rooms:%=$(BUILD)/obj/tests/fuzz/room-%.o): $(BUILD)/obj/tests/fuzz/room-%.o: tests/fuzz/parsers.c | deps-ready
	@mkdir -p $(@D)
	$(call Q,CC)$(CC) $(CPPFLAGS_ALL) -I. '-DROOM={ "$*", fuzz_$* }' $(CFLAGS_ALL) -MMD -MP -c -o $@ $<
$(fuzz_each): fuzz_less := -Wl,--gc-sections,-z,start-stop-gc
$(fuzz_each): $(BUILD)/tests/fuzz/libfuzzer-%: $(BUILD)/obj/tests/fuzz/room-%.o $(fuzz_parts)
$(BUILD)/tests/fuzz/libfuzzer: $(call objs,tests/fuzz/parsers.c) $(fuzz_parts)
$(BUILD)/tests/fuzz/libfuzzer $(fuzz_each): $(call objs,$(addprefix tests/fuzz/,libfuzzer.c mutator.c structure.c))
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(LDFLAGS_EXE) $(fuzz_less) $(fuzz_wrap) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(filter %.a,$^) $(fuzz_libs)
.rooms: $(fuzz_each)
$(BUILD)/tests/bench/bench: $(call objs,$(filter-out tests/bench/nullcard.c tests/bench/signer.c tests/bench/signing.c,$(wildcard tests/bench/*.c)) tools/bench/peers.c) \
		$(authority_a) $(cli_a) $(card_a) $(reader_a) $(core_a)
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(LDFLAGS_EXE) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS_TOOLS) $(LIBS_authority) $(LIBS_CORE) $(LIBS_READER) -lm
$(BUILD)/tests/bench/signer: $(call objs,tests/bench/signer.c tests/bench/signing.c)
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(LDFLAGS_EXE) -o $@ $^ -lcrypto -lpthread
$(BUILD)/tests/pkcs11/removal: $(call objs,$(addprefix tests/,pkcs11/removal.c pkcs11/stage.c pkcs11/uses.c pkcs11/uses_change.c bench/relay.c)) $(helper_a) \
		$(cli_a) $(pkcs11_a) $(card_a) $(reader_a) $(core_a)
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(LDFLAGS_EXE) -o $@ $(filter %.o,$^) $(filter %.a,$^) -lcmocka $(LIBS_TOOLS) $(LIBS_authority) $(LIBS_CORE) $(LIBS_READER)
# What the world does to a reader: pulled cards, other processes, services that end (tests/world).
world_src := $(addprefix tests/world/,world.c flows.c flows_change.c hook.c other.c growth.c) $(filter-out $(addprefix tests/bench/,main.c nullcard.c signer.c signing.c),$(wildcard tests/bench/*.c)) \
	tests/pkcs11/uses.c tests/pkcs11/uses_change.c tools/bench/peers.c
world_bins := $(addprefix $(BUILD)/tests/world/,removal others replug)
$(world_bins): $(BUILD)/tests/world/%: $(BUILD)/obj/tests/world/%.o $(call objs,$(world_src)) $(helper_a) \
		$(authority_a) $(cli_a) $(pkcs11_a) $(card_a) $(reader_a) $(core_a)
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(LDFLAGS_EXE) $(addprefix -Wl$(comma)--wrap=SCard,EstablishContext ReleaseContext ListReaders GetStatusChange Connect \
		Disconnect Status GetAttrib Control Transmit BeginTransaction EndTransaction) \
		-o $@ $(filter %.o,$^) $(filter %.a,$^) -lcmocka $(LIBS_TOOLS) $(LIBS_authority) $(LIBS_CORE) $(LIBS_READER) -lm
$(BUILD)/tests/world/reader: $(call objs,tests/world/reader.c tests/bench/signing.c) $(reader_a) $(core_a)
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(LDFLAGS_EXE) -o $@ $^ $(LIBS_CORE) $(LIBS_READER)
# For pcscd: a driver, and what makes it look for cards more often; for a card: what counts; no sanitiser, which they have not.
$(BUILD)/tests/world/ifd.so: tests/world/ifd.h
$(addprefix $(BUILD)/tests/world/,ifd.so hurry.so unplug.so words.so): $(BUILD)/tests/world/%.so: tests/world/%.c
	@mkdir -p $(@D)
	$(call Q,CC)$(CC) -std=c17 -D_GNU_SOURCE -O2 -fPIC -shared -I. -I/usr/include/PCSC -o $@ $<
$(BUILD)/tests/power/asker: $(call objs,tests/power/asker.c) $(card_a) $(reader_a) $(core_a)
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(LDFLAGS_EXE) -o $@ $^ $(LIBS_CORE) $(LIBS_READER)
# Secrets that valgrind follows: tests/side/run.
side_wrap := $(addprefix -Wl$(comma)--wrap=,sj_equal_secret sj_unpad sj_ecdsa_from_der RAND_priv_bytes card_transmit card_answer sj_edhoc_plaintext_2_parse sj_aead_open sj_pace_key_make)
$(BUILD)/tests/side/side: $(call objs,$(wildcard tests/side/*.c)) $(helper_a) $(card_a) $(reader_a) $(core_a)
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(LDFLAGS_EXE) $(side_wrap) -o $@ $(filter %.o,$^) $(filter %.a,$^) \
		-lcmocka $(LIBS_TOOLS) $(LIBS_CORE) $(LIBS_READER)
$(BUILD)/tests/bench/nullcard: $(call objs,tests/bench/nullcard.c)
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(LDFLAGS_EXE) -o $@ $^
-include $(patsubst %.c,$(BUILD)/obj/%.d,$(wildcard tests/*/*.c tests/pkcs11/fake/*.c)) $(fuzz_rooms:%=$(BUILD)/obj/tests/fuzz/room-%.d)

# Where test programs and bats files find the build: SOJOURN_BUILD.
suite_jobs = $(foreach t,$(or $(3),$(test_src)),'$(1)/$(t:tests/%.c=%):SOJOURN_BUILD=$(abspath $(2)) $(2)/$(t:%.c=%)')
bats_jobs = $(foreach t,$(or $(3),$(test_bats)),'$(1)/$(t:tests/%.bats=%):SOJOURN_BUILD=$(abspath $(2)) bats --tap $(t)')
lint_jobs = $(foreach t,$(test_lints),'$(t:tests/%=%):SOJOURN_BUILD=$(abspath $(BUILD)) $(t)')

CLANG_BUILD := $(BUILD)/clang
ASAN_BUILD := $(BUILD)/asan
ASAN_FLAGS := SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer' \
	FORTIFY= FRAME= OPT='-O1 -g'
FUZZ_BUILD := $(BUILD)/fuzz
FUZZ_OURS := -fsanitize-coverage-ignorelist=tests/fuzz/uncounted
FUZZ_FLAGS := CC=clang $(subst -fsanitize=address,$(FUZZ_OURS) -fsanitize=fuzzer-no-link$(comma)address,$(ASAN_FLAGS))
FAST_BUILD := $(BUILD)/fast
# What finds inputs quickly; they are run with the sanitisers afterwards.
FAST_ONLY := FORTIFY= FRAME= OPT='-O2 -g -ffunction-sections'
FAST_FLAGS := CC=clang SANITIZE='$(FUZZ_OURS) -fsanitize-coverage=inline-8bit-counters$(comma)pc-table' $(FAST_ONLY)
AFL_BUILD := $(BUILD)/afl
AFL_FLAGS := CC=afl-clang-fast SANITIZE= $(FAST_ONLY)
COVERAGE_BUILD := $(BUILD)/coverage
COVERAGE_FLAGS := CC=clang SANITIZE='-fprofile-instr-generate -fcoverage-mapping -mllvm -runtime-counter-relocation -Wno-unused-command-line-argument' FORTIFY= FRAME= OPT='-O1 -g'
TSAN_BUILD := $(BUILD)/tsan
TSAN_FLAGS := SANITIZE=-fsanitize=thread FORTIFY= FRAME= OPT='-O1 -g'
TSAN_ENV := TSAN_OPTIONS='die_after_fork=0 report_thread_leaks=0 suppressions=$(abspath tests/pkcs11/tsan.supp)'
tsan_src := tests/pkcs11/test_threads.c $(wildcard tests/pkcs11/test_fake_*.c)
ASAN_ENV := ASAN_OPTIONS=detect_leaks=1:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1

# Too long under sanitisers, where others try each of their steps.
stories := tests/card/test_eid_rows.c tests/card/test_eid_pseudonyms.c

# What runs of gcc's build besides the programs, from bats files or as it is.
gcc_tests = $(addprefix $(BUILD)/tests/,card/test_register card/test_register_history power/asker failures/fail.so \
	$(if $(wildcard /usr/include/valgrind/memcheck.h),side/side)) $(stories:%.c=$(BUILD)/%)

# The most that a test may take is named in run.py; `make check TESTS=...` would
# hide what was left out, so there is no such switch: run a program by hand.
check: deps-check deps-check-more
	+@$(MAKE) --no-print-directory -j$(JOBS) all $(gcc_tests)
	+@$(MAKE) --no-print-directory -j$(JOBS) BUILD=$(ASAN_BUILD) $(ASAN_FLAGS) tests
	+@$(MAKE) --no-print-directory -f Makefile .suite

# Tests wait as much as they work, so one more runs than there are cores. The programs that users get
# are gcc's, and most bats files run them; test programs run under gcc's sanitisers, and once more as clang makes
# them in check-programs. The long stories of many programs run in one build each: under sanitisers where
# programs of ours meet files and messages, as users get them where programs of others or a clock do most of it.
gcc_only := $(server_bats) $(addprefix tests/,unit/campaign.bats side/side.bats card/publish.bats card/rollover.bats card/cli.bats \
	card/readme.bats card/schemas.bats card/gate_flow.bats card/terminals.bats card/confined.bats card/keystore.bats card/eid_publish.bats card/keys.bats \
	reader/gate.bats failures/tools.bats failures/there.bats programs/yubico.bats card/key.bats card/channel.bats)
asan_only := $(addprefix tests/,card/gates.bats card/authority.bats card/batch.bats hostile/verify.bats pkcs11/tool.bats \
	reader/service.bats)
waiting := tests/card/test_issue.c tests/pkcs11/test_stage.c $(wildcard tests/reader/test_pcsc*.c) tests/power/test_journal.c

.suite:
	@$(ASAN_ENV) tests/run.py -j $$(($(JOBS) + 1)) --logs $(BUILD)/test-logs \
		$(lint_jobs) \
		'asan/fuzz/mutate:$(ASAN_BUILD)/tests/fuzz/mutate -n 2000 -c tests/fuzz/corpus' \
		$(call bats_jobs,asan,$(ASAN_BUILD),$(filter-out $(gcc_only),$(test_bats))) \
		$(call bats_jobs,gcc,$(BUILD),$(filter-out $(asan_only),$(test_bats))) \
		$(call suite_jobs,asan,$(ASAN_BUILD),$(filter-out $(stories),$(test_src))) \
		$(call suite_jobs,gcc,$(BUILD),$(stories))

# That functions make no run-time error, whatever the input: tests/prove.
prove: deps-prove
	SOJOURN_BUILD=$(BUILD) tests/prove/prove.py -j $(JOBS)

# What ships, built twice in different places, and compared bit by bit.
reproduce: deps-check
	tests/programs/reproduce

# 8 processes with 8 threads sign on one card for SOAK_SECONDS (600), 2 read its document, too; then on air; then all of it
# under the thread sanitiser.
soak_bins := $(addprefix $(BUILD)/,lib/pkcs11/sojourn-pkcs11.so tests/bench/signer tests/world/reader)
soak: deps-check
	+@$(MAKE) --no-print-directory -j$(JOBS) all $(soak_bins) $(BUILD)/tests/world/words.so
	+@$(MAKE) --no-print-directory -j$(JOBS) BUILD=$(TSAN_BUILD) $(TSAN_FLAGS) $(soak_bins:$(BUILD)/%=$(TSAN_BUILD)/%)
	SOJOURN_BUILD=$(BUILD) tests/programs/soak
	SOAK_TSAN=1 SOJOURN_BUILD=$(BUILD) tests/programs/soak

# Programs of others with the module; every test program as clang makes it; pkcs11-tool and our own threads
# with the module under the thread sanitiser;
# the harness of libFuzzer with every parser, for which everything is built once more.
check-programs: deps-programs
	+@$(MAKE) --no-print-directory -j$(JOBS) all
	+@$(MAKE) --no-print-directory -j$(JOBS) BUILD=$(CLANG_BUILD) CC=clang tests
	+@$(MAKE) --no-print-directory -j$(JOBS) BUILD=$(ASAN_BUILD) $(ASAN_FLAGS) $(ASAN_BUILD)/tests/fuzz/mutate
	+@$(MAKE) --no-print-directory -j$(JOBS) BUILD=$(FUZZ_BUILD) $(FUZZ_FLAGS) .harness
	+@$(MAKE) --no-print-directory -j$(JOBS) BUILD=$(TSAN_BUILD) $(TSAN_FLAGS) all $(tsan_src:%.c=$(TSAN_BUILD)/%)
	@$(TSAN_ENV) tests/run.py -j $(JOBS) --logs $(BUILD)/test-logs $(call bats_jobs,programs,$(BUILD),$(program_bats)) \
		programs/reproduce:tests/programs/reproduce \
		'fuzz/libfuzzer:$(ASAN_ENV) tests/fuzz/each-parser $(FUZZ_BUILD)/tests/fuzz/libfuzzer $(ASAN_BUILD)/tests/fuzz/mutate 1000' \
		$(call suite_jobs,clang,$(CLANG_BUILD),$(filter-out $(waiting),$(test_src))) \
		$(call bats_jobs,tsan,$(TSAN_BUILD),tests/pkcs11/tool.bats) \
		$(call suite_jobs,tsan,$(TSAN_BUILD),$(tsan_src))

# A picture of each state of the counter's page, for people to look at.
screenshots: deps-programs
	+@$(MAKE) --no-print-directory -j$(JOBS) all
	SOJOURN_BUILD=$(abspath $(BUILD)) /usr/bin/python3 tests/programs/counter.py --pictures $(BUILD)/screenshots

# Slow, and found by no test: every path of every function.
analyze: deps-check
	@tests/run.py -j 1 --timeout 900 --logs $(BUILD)/test-logs 'lint/analyze:tests/lint/lint-tidy --analyze'

# Hours. `make campaign CAMPAIGNS='...'`: some of them only; their names: tests/campaign.py --list.
campaign: deps-campaign .campaign-builds
	+@$(MAKE) --no-print-directory -j$(JOBS) tests $(world_bins) $(soak_bins) $(addprefix $(BUILD)/tests/,world/ifd.so world/hurry.so world/unplug.so world/words.so pkcs11/removal)
	+@$(MAKE) --no-print-directory -j$(JOBS) BUILD=$(ASAN_BUILD) $(ASAN_FLAGS) tests
	+@$(MAKE) --no-print-directory -j$(JOBS) BUILD=$(TSAN_BUILD) $(TSAN_FLAGS) $(soak_bins:$(BUILD)/%=$(TSAN_BUILD)/%)
	SOJOURN_BUILD=$(BUILD) $(ASAN_ENV) tests/campaign.py $(CAMPAIGNS)

.campaign-builds: deps-campaign
	+@$(MAKE) --no-print-directory -j$(JOBS) BUILD=$(FUZZ_BUILD) $(FUZZ_FLAGS) .harness
	+@$(MAKE) --no-print-directory -j$(JOBS) BUILD=$(FAST_BUILD) $(FAST_FLAGS) .rooms
	+@AFL_QUIET=1 $(MAKE) --no-print-directory -j$(JOBS) BUILD=$(AFL_BUILD) $(AFL_FLAGS) .rooms
	+@$(MAKE) --no-print-directory -j$(JOBS) BUILD=$(COVERAGE_BUILD) $(COVERAGE_FLAGS) tests

# What the test programs and the corpus reach, as a table. COVERAGE_ARGS=--bats: the bats files and the tools, too.
coverage: deps-campaign
	+@$(MAKE) --no-print-directory -j$(JOBS) BUILD=$(COVERAGE_BUILD) $(COVERAGE_FLAGS) tests
	@tests/coverage.py --build $(COVERAGE_BUILD) $(COVERAGE_ARGS)

# `make fuzz PARSER=cms`: libFuzzer, until it is stopped or finds something.
# FUZZ_ARGS are its options (-max_total_time=600); the corpus stays in FUZZ_BUILD.
.harness: $(BUILD)/tests/fuzz/libfuzzer $(BUILD)/tests/fuzz/mutate
fuzz: deps-check
	@test -n '$(PARSER)' || { echo 'make fuzz PARSER=NAME [FUZZ_ARGS=...]; names: tests/fuzz/parsers_*.c' >&2; exit 2; }
	+@$(MAKE) --no-print-directory -j$(JOBS) BUILD=$(FUZZ_BUILD) $(FUZZ_FLAGS) .harness
	@mkdir -p $(FUZZ_BUILD)/corpus
	$(FUZZ_BUILD)/tests/fuzz/mutate --seeds $(FUZZ_BUILD)/corpus $(PARSER)
	SOJOURN_FUZZ=$(PARSER) $(FUZZ_BUILD)/tests/fuzz/libfuzzer -artifact_prefix=$(FUZZ_BUILD)/ $(FUZZ_ARGS) $(FUZZ_BUILD)/corpus/$(PARSER)

demo: all
	@$(BUILD)/bin/sojourn demo

bench: deps-bench
	+@$(MAKE) --no-print-directory -j$(JOBS) all $(bench_bins)
	@SOJOURN_BUILD=$(BUILD) $(BUILD)/tests/bench/bench
