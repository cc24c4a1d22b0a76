#!/usr/bin/env bats
# What an authority does to the manager of its cards, over the secure channel.

setup_file() {
	BUILD_DIR=$(realpath "${SOJOURN_BUILD:-build}")
	export BUILD_DIR SOJOURN_CONFIG=/dev/null PATH="$BUILD_DIR/bin:$PATH"
	cd "$BATS_FILE_TMPDIR" || exit 1
	sojourn authority init ut
	echo 317905 >can
	issue first ut
}

setup() {
	bats_require_minimum_version 1.5.0
	cd "$BATS_FILE_TMPDIR" || exit 1
}

# issue NAME AUTHORITY [OPTION...]
issue() {
	local name=$1 authority=$2
	shift 2
	[ -e "$name.card" ] || sojourn card new "$name.card"
	rm -f letter
	sojourn issue --again -a "$authority" --holder "$BUILD_DIR/share/sojourn/holder.json" --no-keys \
		-p "$BUILD_DIR/share/sojourn/face.jpg" -l letter --can-file can "$@" \
		--exec -- sojourn card run "$name.card" --link stdio
}

# manage NAME VERB [OPTION...]: on contact; over the air with `air` before.
manage() {
	local name=$1 verb=$2
	shift 2
	sojourn authority card "$verb" "${authority:-ut}" "$@" \
		--exec -- sojourn card run "$name.card" --link stdio --interface "${interface:-contact}"
}
air() { interface=contactless "$@"; }

# told NAME MEMBER: of what `show` says.
told() {
	manage "$1" show --json | /usr/bin/python3 -c 'import json, sys
print(eval(sys.argv[1], {}, {"c": json.load(sys.stdin)}))' "c$2"
}

# What the register has of the document, or of its newest card.
registered() {
	sojourn register show ut -d U24SJ0117 --json | /usr/bin/python3 -c 'import json, sys
r = json.load(sys.stdin); print(eval(sys.argv[1], {}, {"d": r["document"], "c": r["cards"][-1]}))' "$1"
}

# What SELECT of the identity application answers on contact.
identity() {
	printf 'on\n00A4040C07A0000002471001\n' | sojourn card run "$1.card" --link stdio -i contact |
		tail -n 1 | tr A-F a-f
}

copy() { cp first.card "$1.card"; }

@test "an issued card has its own keys, and all of its applications personalised" {
	[ "$(told first '["state"]')" = SECURED ]
	[ "$(told first '["keyVersion"]')" = 49 ]
	[ "$(told first '["master"]')" = card-master-1 ]
	[ "$(told first '["keys"][0]["bits"]')" = 256 ]
	run manage first show
	[[ "$output" == *"SECURED"*"keys of version 31 (card-master-1)"*"identity PERSONALIZED"* ]]
	[[ "$output" == *"gate     PERSONALIZED"* ]]
}

@test "over the air a private card is managed inside PACE only" {
	air manage first show --can-file can
	run -12 air manage first show </dev/null
	echo 111111 >wrong
	run -12 air manage first show --can-file wrong
	[[ "$output" == *SJ-1201* ]]
}

@test "keys are rotated, through all versions, and to the next master key" {
	copy rotated
	run manage rotated rotate
	[[ "$output" == *"version 32 of card-master-1, not 31"* ]]
	[ "$(registered 'c["keyVersion"], c["master"]')" = "(50, 1)" ]
	cp -r ut two && sojourn authority card master two
	authority=two air manage rotated rotate --can-file can
	[ "$(authority=two told rotated '["master"]')" = card-master-2 ]
	[ "$(authority=two told rotated '["keyVersion"]')" = 51 ]
	for version in 34 35 36 37 38 39 3A 3B 3C 3D 3E 3F 30; do
		authority=two run manage rotated rotate
		[[ "$output" == *"version $version of card-master-2"* ]]
	done
	authority=two run manage rotated rotate
	[[ "$output" == *"version 31"*"not 30"* ]]
	run -7 manage rotated show # its keys are of a master key that ut has not
	[[ "$output" == *"keys of version 31"*SJ-0714* ]]
}

@test "a locked card answers to its manager alone, until it is unlocked" {
	copy locked
	manage locked lock
	[ "$(told locked '["state"]')" = CARD_LOCKED ]
	run -13 manage locked lock
	[ "$(identity locked)" = 6a82 ]
	manage locked unlock
	[ "$(told locked '["state"]')" = SECURED ]
	[ "$(identity locked)" = 9000 ]
}

@test "terminating is asked twice about, and final" {
	copy ended
	run -2 manage ended terminate
	[ "$(told ended '["state"]')" = SECURED ]
	grep -aq HAAKANSSON ended.card
	manage ended terminate --yes
	[ "$(registered 'd["state"], c["state"]')" = "('approved', 'scrapped')" ]
	run ! grep -aq HAAKANSSON ended.card # nor in what the file was before
	run -13 manage ended show
	[[ "$output" == *"terminated"*SJ-1307* ]]
	run -6 issue ended ut # over the air it hides even its manager
}

@test "a card whose document its holder has ends in the register first" {
	issue handed ut
	cp -r ut held
	sojourn register deliver held -d U24SJ0117
	authority=held run -13 manage handed terminate --yes
	[[ "$output" == *"U24SJ0117: the document is delivered"*"register revoke"*SJ-1303* ]]
	[ "$(told handed '["state"]')" = SECURED ]
	sojourn register revoke held -d U24SJ0117 --reason withdrawn
	authority=held manage handed terminate --yes
	sojourn register history held | grep 'card terminated'
}

@test "another authority's card is named, and nothing of it is lost" {
	sojourn authority init nc
	for i in 1 2 3 4 5 6; do
		authority=nc run -7 manage first show
		[[ "$output" == *"keys of version 31 are not nc's"*SJ-0714* ]]
	done
	run -13 issue first nc # it has a document
	[ "$(told first '["state"]')" = SECURED ] # and without delay
}

@test "a transport key of one's own: by its option, or in the directory" {
	echo 000102030405060708090A0B0C0D0E0F1011121314151617 >key
	for name in by-option by-file; do
		sojourn card new $name.card --transport-key-file key
	done
	run -7 issue by-option ut
	[[ "$output" == *"--transport-key-file"*"the card is as it was"* ]]
	issue by-option ut --transport-key-file key
	cp -r ut own && cp key own/transport.key
	issue by-file own
	echo 00 >key
	sojourn card new other.card
	run -13 issue other ut --transport-key-file key
	[[ "$output" == *"32, 48 or 64"*SJ-1302* ]]
}

@test "a card whose answers carry no MAC is issued or locked only if that is asked for" {
	sojourn card new plain.card --scp-i 00
	run -7 issue plain ut
	[[ "$output" == *"--plain-answers"*SJ-0714* ]]
	issue plain ut --plain-answers
	run manage plain show
	[[ "$output" == *"is not proved"* ]]
	run -7 manage plain lock
	[[ "$output" == *"--plain-answers"*SJ-0714* ]]
	manage plain lock --plain-answers
	[ "$(told plain '["state"]' 2>/dev/null)" = CARD_LOCKED ]
}

@test "a card with modules of somebody else is not emptied, and the register is not told" {
	local before history
	sojourn card new foreign.card --scp-i 00
	issue foreign ut --plain-answers --exec -- sh -c 'sed -u 20q | sojourn card run foreign.card --link stdio' \
		2>/dev/null || true
	flock -w 60 foreign.card true
	before=$(told foreign '["applications"]' 2>/dev/null)
	history=$(sojourn register history ut)
	run -6 lied foreign reset 's/^\(E3..4F09\)F0/\1F1/' --yes --plain-answers
	[[ "$output" == *"other modules than ours"* ]]
	flock -w 60 foreign.card true
	[ "$(told foreign '["applications"]' 2>/dev/null)" = "$before" ]
	[ "$(sojourn register history ut)" = "$history" ]
}

# lied NAME VERB SED [OPTION...]: as manage, but somebody changes what the card says; its ATR is line 1.
lied() {
	local name=$1 verb=$2 how=$3
	shift 3
	sojourn authority card "$verb" ut "$@" \
		--exec -- sh -c "sojourn card run $name.card --link stdio --interface contact | sed -u '$how'"
}

@test "rotated keys are not proved by a channel that lost its MAC on the way" {
	copy downgraded
	run -7 lied downgraded rotate '6s/^\(.\{24\}\)70/\110/'
	[[ "$output" == *"now it says that they do not"*"old keys or the new ones"* ]]
	flock -w 60 downgraded.card true
	[ "$(told downgraded '["keyVersion"]')" = 50 ]
}

@test "a half-personalised card is emptied; an issued one is not" {
	sojourn card new half.card
	rm -f letter
	run ! sojourn issue --again -a ut --holder "$BUILD_DIR/share/sojourn/holder.json" --no-keys \
		-p "$BUILD_DIR/share/sojourn/face.jpg" -l letter --can-file can \
		--exec -- sh -c 'sed -u 20q | sojourn card run half.card --link stdio'
	[[ "$output" == *"half-personalised"* ]]
	flock -w 60 half.card true
	run -2 manage half reset
	manage half reset --yes
	sojourn register history ut | grep 'card reset'
	[ "$(registered 'c["state"]')" = scrapped ]
	[ "$(told half '["state"]')" = OP_READY ]
	[ "$(told half '["master"]')" = card-master-1 ]
	issue half ut
	[ "$(told half '["state"]')" = SECURED ]
	run -13 manage half reset --yes
	[[ "$output" == *SJ-1307* ]]
}

@test "where an application is missing, issuing says what brings it back" {
	run -6 issue lacking ut --exec -- sh -c "sojourn card run lacking.card --link stdio | sed -u '9s/.*/6A88/'"
	[[ "$output" == *"no identity application"*"authority card reset"* ]]
}

@test "a card that is lost while it is emptied is emptied the next time" {
	local n tried=0
	sojourn card new torn.card
	issue torn ut --exec -- sh -c 'sed -u 20q | sojourn card run torn.card --link stdio' 2>/dev/null || true
	for n in 9 10 11 12 13 14 15; do
		flock -w 60 torn.card true
		run ! sojourn authority card reset ut --yes \
			--exec -- sh -c "sed -u ${n}q | sojourn card run torn.card --link stdio -i contact"
		[[ "$output" == *"reset it once more"* ]]
		tried=$((tried + 1))
	done
	[ "$tried" = 7 ]
	flock -w 60 torn.card true
	# Who hides one that is there does not have it called empty.
	run -6 lied torn reset '9s/.*/6A88/' --yes
	[[ "$output" == *INSTALL* ]]
	flock -w 60 torn.card true
	manage torn reset --yes
	[ "$(told torn '["applications"].__len__()')" = "$(told first '["applications"].__len__()')" ]
}

@test "what makes no card is refused before the card is touched" {
	run -13 sojourn authority card show missing --exec -- touch touched
	cp -r ut old && /usr/bin/python3 -c '
import json
r = json.load(open("old/registry.json"))
r["keys"] = [k for k in r["keys"] if not k["name"].startswith("card-master")]
json.dump(r, open("old/registry.json", "w"))'
	sojourn card new none.card
	run -13 issue none old
	[[ "$output" == *"authority card master"*"the card is as it was"* ]]
	[ ! -e touched ]
}
