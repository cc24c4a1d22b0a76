#!/usr/bin/env bats
# The counter's page in headless Chromium.

setup_file() {
	for program in chromium chromedriver; do
		command -v $program > /dev/null || skip "$program is not installed"
	done
}

@test "the page: every case" {
	run timeout 280 /usr/bin/python3 "$BATS_TEST_DIRNAME/counter.py"
	echo "$output"
	[ "$status" -eq 0 ]
}
