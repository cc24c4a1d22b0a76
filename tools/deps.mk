# What Debian must provide. Installed when something is missing, and only then.

DEPS = build-essential pkg-config libpcsclite-dev libssl-dev zlib1g-dev libjansson-dev libinih-dev libsqlite3-dev \
	libpq-dev libcurl4-openssl-dev libp11-kit-dev libmicrohttpd-dev libjpeg62-turbo-dev libopenjp2-7-dev libpng-dev libseccomp-dev \
	pcscd vsmartcard-vpcd openssl libengine-pkcs11-openssl
DEPS_CHECK = clang clang-format clang-tidy cppcheck libclang-rt-14-dev libcmocka-dev bats opensc \
	python3 python3-pyscard python3-cryptography python3-asn1crypto python3-jsonschema python3-pil \
	libeac-dev openpace libcbor-dev strace tshark mandoc procps systemd git g++ \
	opensc-pkcs11 yubico-piv-tool ykcs11 yubikey-manager gnutls-bin p11-kit openssh-client \
	softhsm2 postgresql sqlite3 jq
# Where these cannot be had, what they are for is skipped, and says so.
DEPS_CHECK_MORE = valgrind
# Programs of others that use the card's keys (make check-programs).
DEPS_PROGRAMS = openssh-server libnss3-tools pamtester \
	libpam-pkcs11 curl default-jdk-headless chromium chromium-driver fonts-noto-core fonts-wqy-microhei xvfb xdotool
# Programs of others beside which ours are measured, and the counter's page (make bench).
DEPS_BENCH = python3 opensc opensc-pkcs11 yubico-piv-tool ykcs11 postgresql chromium chromium-driver
# What proves functions (make prove). Debian 12 has no alt-ergo.
DEPS_PROVE = frama-c-base why3 z3 cvc4

# What long campaigns need besides (make campaign, make coverage).
DEPS_CAMPAIGN = afl++ llvm curl $(DEPS_CHECK_MORE)

# $(call deps_missing,PACKAGES) prints those that are not installed.
deps_missing = for p in $(1); do \
	dpkg-query -W -f '$${db:Status-Status}' $$p 2>/dev/null | grep -qx installed || printf '%s ' $$p; done
# $(call deps_install,PACKAGES,WHAT FOR)
define deps_install
	@if ! command -v dpkg-query >/dev/null 2>&1; then \
		echo 'Not Debian: please install what corresponds to: $(1)'; exit 0; fi; \
	missing=$$($(call deps_missing,$(1))); \
	if [ -z "$$missing" ]; then exit 0; fi; \
	echo "Installing $(2): $$missing"; \
	run=; if [ $$(id -u) != 0 ]; then command -v sudo >/dev/null || \
		{ echo "Please install as root: apt-get install $$missing"; exit 1; }; run=sudo; fi; \
	$$run env DEBIAN_FRONTEND=noninteractive apt-get update -qq || true; \
	$$run env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y -qq --no-install-recommends $$missing
endef

.PHONY: deps deps-check deps-check-more deps-programs deps-bench deps-prove deps-ready deps-check-ready deps-campaign
deps:
	$(call deps_install,$(DEPS),to build and run)
deps-check: deps
	$(call deps_install,$(DEPS_CHECK),to test)
deps-check-more: deps-check
	-$(call deps_install,$(DEPS_CHECK_MORE),to test)
deps-prove:
	$(call deps_install,$(DEPS_PROVE),to prove with)
deps-campaign: deps-check
	$(call deps_install,$(DEPS_CAMPAIGN),for campaigns)
# Where a package cannot be had, what its programs are for is skipped, and says so.
deps-programs: deps-check $(DEPS_PROGRAMS:%=deps-program-%)
deps-bench: $(DEPS_BENCH:%=deps-program-%)
deps-program-%: deps
	-$(call deps_install,$*,to test with)

# The other targets ask here; the answer is looked up once a make.
ifeq ($(filter clean help deps deps-check deps-programs deps-bench deps-prove deps-campaign uninstall,$(MAKECMDGOALS)),)
have_deps := $(shell command -v dpkg-query >/dev/null 2>&1 && $(call deps_missing,$(DEPS)))
endif
ifneq ($(have_deps),)
deps-ready: deps
else
deps-ready:
endif
