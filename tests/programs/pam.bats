#!/usr/bin/env bats
# PAM: pam_pkcs11 lets a user in by card and PIN, asked by pamtester.

load stage.sh

setup_file() {
	stage_needs pamtester pkcs11_listcerts
	stage_up
	cd "$STAGE" || exit 1
	mkdir cacerts crls
	cp "$CA" cacerts/
	pkcs11_make_hash_link cacerts
	echo "$HOLDER -> $(id -un)" > map
	cat > pam_pkcs11.conf <<-CONF
		pam_pkcs11 {
		  nullok = false;
		  debug = false;
		  use_first_pass = false;
		  use_pkcs11_module = sojourn;
		  screen_savers = none;
		  pkcs11_module sojourn {
		    module = $MODULE;
		    slot_num = 0;
		    support_threads = true;
		    ca_dir = $PWD/cacerts;
		    crl_dir = $PWD/crls;
		    cert_policy = ca,signature;
		  }
		  use_mappers = cn;
		  mapper cn {
		    debug = false;
		    module = internal;
		    ignorecase = false;
		    mapfile = file://$PWD/map;
		  }
		}
	CONF
	echo "auth required pam_pkcs11.so config_file=$PWD/pam_pkcs11.conf" > sojourn-test
	cp sojourn-test "/etc/pam.d/sojourn-test-$$"
	export SERVICE=sojourn-test-$$
}

teardown_file() {
	rm -f "/etc/pam.d/$SERVICE"
	stage_down
}

setup() {
	cd "$STAGE" || exit 1
}

@test "pkcs11_listcerts shows the certificates as good" {
	run pkcs11_listcerts config_file="$PWD/pam_pkcs11.conf" < <(echo "$PIN")
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"$HOLDER"* ]]
}

@test "the right PIN lets in" {
	run timeout 60 pamtester "$SERVICE" "$(id -un)" authenticate <<< "$PIN"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *'successfully authenticated'* ]]
}

@test "a wrong PIN does not" {
	run timeout 60 pamtester "$SERVICE" "$(id -un)" authenticate <<< 99999999
	echo "$output"
	[ "$status" -ne 0 ]
}

@test "nor does a card whose holder is somebody else" {
	echo "$HOLDER -> nobody" > map
	run timeout 60 pamtester "$SERVICE" root authenticate <<< "$PIN"
	echo "$output"
	[ "$status" -ne 0 ]
}
