// desk.js -- the guided order (face, consent, number, read) and what came of it.
import { $, ask, fill, h, icon, failure, picture, problem, say, t, word } from "./dom.js";
import { personDialog, pinDialog } from "./dialogs.js";

const LOOKS = {
	genuine: ["good", "good"], "copy-not-excluded": ["warn", "warn"], undecided: ["warn", "ask"],
	expired: ["bad", "bad"], "not-genuine": ["bad", "bad"], none: ["plain", "again"],
};
const FAST_MS = 35; // a scanner's keys follow each other faster than anybody types
const ZONES = [[90, 30], [72, 36], [88, 44]]; // characters in all and in a line: TD1, TD2, TD3

// What a scanner or a person typed: six digits, or a machine readable zone.
function secretOf(text) {
	const bare = text.replace(/\s/g, "").toUpperCase();
	if (/^\d{6}$/.test(bare))
		return { kind: "can", value: bare };
	if (ZONES.some(([size]) => size === bare.length) || (bare.length >= 24 && bare.length <= 38 && !bare.includes("\n")))
		return { kind: "mrz", value: bare };
	return null;
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const call = (f) => f.nobody ? null : t("contact", { who: f.contact });

export class Desk {
	constructor(app) {
		this.app = app;
		this.face = false;
		this.consent = false;
		this.secret = "";
		this.problem = null; // {step, text}
		this.lastKey = 0;
		this.photo = null; // {id, url}
		this.shown = 0; // the reading whose verdict was told
		this.registered = null;
		document.addEventListener("keydown", (e) => this.catchKeys(e));
	}

	access() {
		return this.app.state.service.access;
	}

	draw() {
		this.steps = h("section", { class: "card steps", "aria-labelledby": "steps-title" });
		this.result = h("section", { class: "result", "aria-labelledby": "result-title" });
		this.drawSteps();
		this.drawResult();
		return h("div", { class: "desk" }, this.steps, this.result);
	}

	stateChanged() {
		if (this.app.view !== "desk" || !this.steps)
			return;
		this.drawHint();
		if (!this.app.verification || this.app.verification.phase === "idle")
			this.drawResult();
	}

	verificationChanged() {
		const v = this.app.verification;
		if (v.phase === "idle")
			this.reset();
		if (this.photo && this.photo.id !== v.id)
			this.dropPhoto();
		if (this.app.view !== "desk" || !this.result)
			return;
		this.drawResult();
		this.drawHint();
		if (v.phase === "reading")
			say(t("reading"));
		if (v.phase === "done" && this.shown !== v.id)
			this.tellVerdict(v);
		if (v.portrait?.state === "drawn" && !this.photo)
			this.loadPhoto(v.id);
	}

	reset() {
		this.face = this.consent = false;
		this.secret = "";
		this.problem = null;
		this.registered = null;
		this.dropPhoto();
		if (this.app.view === "desk" && this.steps)
			this.drawSteps();
	}

	dropPhoto() {
		if (this.photo)
			URL.revokeObjectURL(this.photo.url);
		this.photo = null;
	}

	async loadPhoto(id) {
		try {
			this.photo = { id, url: await picture(`/verifications/${id}/portrait`) };
			this.drawPhoto();
		} catch {
			this.photo = null;
		}
	}

	tellVerdict(v) {
		this.shown = v.id;
		const f = v.reason ? failure(v.reason) : null;
		say(`${word("verdict", v.verdict)}. ${f ? `${f.text} ${v.reason.id}. ${f.action}` : t("verdict.genuine.text")}`, true);
		$("verdict")?.focus({ preventScroll: true });
		scrollTo(0, 0);
		if (v.verdict !== "none" || !v.reason?.id.startsWith("SJ-12"))
			return;
		this.secret = ""; // a wrong number is typed anew
		this.drawSteps();
		$("secret")?.focus();
	}

	// --- the guided order -----------------------------------------------------------------

	drawSteps() {
		const needs = this.access();
		const number = needs === "none" ? null : needs === "pin" ? this.pinStep() : this.secretStep();
		fill(this.steps, h("h2", { id: "steps-title" }, this.app.party ? t("steps.companion") : t("steps")),
			this.app.party ? h("p", { class: "party" }, icon("person"), h("span", {}, t("party.of", { id: this.app.party })),
				h("button", { type: "button", class: "link", onclick: () => { this.app.party = null; this.drawSteps(); } }, t("party.end"))) : null,
			h("ol", {}, this.faceStep(), this.consentStep(), number, this.readStep()));
		this.drawHint();
	}

	step(name, done, ...inside) {
		const problem = this.problem?.step === name ? h("p", { class: "problem", id: `${name}-problem` }, icon("warn"), this.problem.text) : null;
		return h("li", { class: done ? "done" : null, id: `step-${name}` },
			h("span", { class: "badge", "aria-hidden": "true" }, done ? icon("good") : null),
			h("div", { class: "inside" }, inside, problem));
	}

	check(name, label) {
		return h("label", { class: "tick" }, h("input", {
			type: "checkbox", id: name, checked: this[name], "aria-describedby": this.problem?.step === name ? `${name}-problem` : null,
			onchange: (e) => {
				this[name] = e.target.checked;
				if (this.problem?.step === name)
					this.problem = null;
				this.drawSteps();
				$(name).focus();
			},
		}), h("span", {}, label));
	}

	faceStep() {
		return this.step("face", this.face, h("h3", {}, t("step.face")), h("p", { class: "hint" }, t("step.face.hint")), this.check("face", t("step.face.tick")));
	}

	consentStep() {
		const rights = this.app.state.service.rights.filter((r) => r !== "valid").map((r) => word("right", r));
		return this.step("consent", this.consent, h("h3", {}, t("step.consent")), h("p", { class: "hint" }, t("step.consent.hint")),
			h("ul", { class: "rights", "aria-label": t("step.consent.rights") }, rights.length ? rights.map((r) => h("li", {}, r)) : h("li", {}, t("step.consent.valid"))),
			this.check("consent", t("step.consent.tick")));
	}

	secretStep() {
		const lines = Math.min(3, Math.max(1, this.secret.split("\n").length, Math.ceil(this.secret.length / 32)));
		return this.step("secret", secretOf(this.secret) !== null,
			h("h3", {}, h("label", { for: "secret" }, t("step.secret"))), h("p", { class: "hint", id: "secret-hint" }, t("step.secret.hint")),
			h("textarea", {
				id: "secret", rows: String(lines), autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: "160", value: this.secret,
				class: lines > 1 || this.secret.length > 12 ? "zone" : null,
				"aria-describedby": this.problem?.step === "secret" ? "secret-hint secret-problem" : "secret-hint",
				"aria-invalid": this.problem?.step === "secret" ? "true" : null,
				oninput: (e) => this.typed(e.target), onkeydown: (e) => this.secretKey(e),
			}));
	}

	pinStep() {
		return this.step("secret", false, h("h3", {}, t("step.pin")), h("p", { class: "hint" }, t("step.pin.hint")));
	}

	readStep() {
		return this.step("read", false, h("h3", {}, t("step.read")), h("p", { class: "hint", id: "read-hint" }),
			h("button", { type: "button", id: "read", class: "main", "aria-describedby": "read-hint", onclick: () => this.read() }, icon("reader"), t("step.read.button")),
			h("button", { type: "button", class: "link", id: "manual", onclick: () => this.manual() }, t("manual.open")));
	}

	drawHint() {
		const hint = this.steps.querySelector("#read-hint"), button = this.steps.querySelector("#read");
		const reading = this.app.verification?.phase === "reading";
		if (!hint || !button)
			return;
		const text = reading ? t("reading") : this.app.state.reader.place === "card" ? t("step.read.there") : t("step.read.lay");
		if (hint.textContent !== text)
			hint.textContent = text;
		button.disabled = reading;
	}

	typed(field) {
		this.secret = field.value;
		const lines = Math.min(3, Math.max(1, this.secret.split("\n").length, Math.ceil(this.secret.length / 32)));
		field.rows = lines;
		field.classList.toggle("zone", lines > 1 || this.secret.length > 12);
		$("step-secret").classList.toggle("done", secretOf(this.secret) !== null);
		fill($("step-secret").firstChild, secretOf(this.secret) ? icon("good") : null);
	}

	// A scanner ends each line with Enter: a zone that is not whole yet goes on in the next line.
	secretKey(event) {
		const fast = event.timeStamp - this.lastKey < FAST_MS;
		this.lastKey = event.timeStamp;
		if (event.key !== "Enter")
			return;
		const whole = secretOf(this.secret);
		const half = /^[A-Z0-9<]{30,}/i.test(this.secret.trim()) && whole?.kind !== "can" && !ZONES.some(([size]) => size === this.secret.replace(/\s/g, "").length);
		if (half && (fast || event.shiftKey))
			return;
		event.preventDefault();
		this.read();
	}

	// A scanner types wherever the focus is: what nothing else takes goes into the field.
	catchKeys(event) {
		const field = $("secret");
		const at = document.activeElement;
		if (event.key === "Escape" && this.app.verification?.phase === "reading") {
			this.cancel();
			return;
		}
		if (!field || this.app.view !== "desk" || document.querySelector("dialog[open]") || event.ctrlKey || event.metaKey || event.altKey)
			return;
		if (!/^[A-Za-z0-9<]$/.test(event.key) || at === field || /^(INPUT|TEXTAREA|SELECT)$/.test(at?.tagName) && at.type !== "checkbox")
			return;
		field.focus();
		field.setSelectionRange(field.value.length, field.value.length);
	}

	missing(step, text) {
		this.problem = { step, text };
		this.drawSteps();
		say(text, true);
		$(step)?.focus();
	}

	async read() {
		const access = this.access();
		if (!this.face)
			return this.missing("face", t("step.face.first"));
		if (!this.consent)
			return this.missing("consent", t("step.consent.first"));
		let secret = { kind: "none" };
		if (access === "can") {
			secret = secretOf(this.secret);
			if (!secret)
				return this.missing("secret", t("step.secret.wrong"));
		} else if (access === "pin") {
			secret = await pinDialog();
			if (!secret)
				return undefined;
		}
		return this.send(secret);
	}

	async send(secret) {
		this.problem = null;
		this.registered = null;
		try {
			this.drawSteps();
			await ask("POST", "/verifications", { consent: true, access: secret });
		} catch (error) {
			this.missing(this.access() === "can" ? "secret" : "read", problem(error));
		}
	}

	async cancel() {
		await ask("DELETE", `/verifications/${this.app.verification.id}`).catch(() => {});
	}

	manual() {
		personDialog(this.app, { title: t("manual.title"), zone: true, save: (fields) => this.register({ fields }) });
	}

	// --- what came of it --------------------------------------------------------------------------

	drawResult() {
		const v = this.app.verification;
		if (!v || v.phase === "idle")
			fill(this.result, this.emptyView());
		else if (v.phase === "reading")
			fill(this.result, this.readingView());
		else
			fill(this.result, this.doneView(v));
	}

	emptyView() {
		const { reader } = this.app.state;
		return h("div", { class: "card empty" }, h("div", { class: `pulse ${reader.reason ? "off" : ""}` }, icon("reader")),
			h("h2", { id: "result-title" }, reader.reason ? t("empty.wait") : t("empty.title")),
			h("p", {}, reader.reason ? failure(reader.reason).action : t("empty.text")));
	}

	readingView() {
		return h("div", { class: "card empty" }, h("div", { class: "pulse busy" }, icon("reader")), h("h2", { id: "result-title" }, t("reading")),
			h("progress", { "aria-label": t("reading") }), h("p", {}, t("reading.text")),
			h("button", { type: "button", id: "cancel", onclick: () => this.cancel() }, t("cancel")));
	}

	banner(v) {
		const [kind, sign] = LOOKS[v.verdict];
		const f = v.reason ? failure(v.reason) : null;
		return h("div", { class: `verdict ${kind}`, "data-verdict": v.verdict }, h("span", { class: "sign" }, icon(sign)),
			h("div", {}, h("h2", { id: "result-title" }, h("span", { id: "verdict", tabindex: "-1" }, word("verdict", v.verdict))),
				h("p", { lang: f?.lang }, f ? f.text : t("verdict.genuine.text"), " ", v.reason ? h("span", { class: "id", id: "reason-id" }, v.reason.id) : null),
				f ? h("p", { class: "action", lang: f.lang }, h("strong", {}, f.action), " ", call(f)) : null));
	}

	doneView(v) {
		const read = v.verdict !== "none";
		return [this.banner(v),
			v.clockBehind ? h("div", { class: "notice warn" }, icon("warn"), h("p", {}, t("clock.behind"), " ", h("span", { class: "id" }, "SJ-1104"))) : null,
			v.evidence ? this.app.reasonBox(v.evidence, "bad", t("evidence.failed")) : null,
			read && v.verdict !== "not-genuine" ? h("div", { class: "card person" }, this.portraitView(v), this.dataView(v)) : null,
			h("div", { class: "actions" }, read ? this.readActions(v) : this.failedActions(v)),
			read ? this.checksView(v) : null];
	}

	portraitView(v) {
		const none = v.portrait.state === "none";
		this.frame = h("div", { class: "portrait", id: "portrait" });
		this.drawPhoto();
		return h("div", { class: "face" }, this.frame, none ? null : h("fieldset", {}, h("legend", {}, t("face.question")),
			this.faceButton(v, "same", true), this.faceButton(v, "different", false)));
	}

	faceButton(v, name, same) {
		return h("button", {
			type: "button", id: `face-${name}`, class: `choice ${name}`, "aria-pressed": v.face === name ? "true" : "false",
			onclick: async () => {
				await ask("POST", `/verifications/${v.id}/face`, { same });
				$(`face-${name}`)?.focus();
			},
		}, icon(same ? "good" : "bad"), t(`face.${name}`));
	}

	drawPhoto() {
		const v = this.app.verification;
		if (!this.frame || v?.phase !== "done")
			return;
		const { state, reason } = v.portrait;
		if (this.photo)
			fill(this.frame, h("img", { src: this.photo.url, alt: t("portrait.alt") }));
		else
			fill(this.frame, h("div", { class: "nothing" }, icon("person"), h("p", {}, t(`portrait.${state}`), " ", reason ? h("span", { class: "id" }, reason.id) : null)));
	}

	dataView(v) {
		return h("div", { class: "data" }, h("div", { class: "data-head" }, h("h3", {}, t("data")), v.data.length ? this.copyButton("copy-all", t("copy.all"), v.data.map((d) => d.value).join("\t"), t("copy.all")) : null),
			h("dl", {}, v.data.map((d) => [h("dt", {}, word("field", d.name)),
				h("dd", {}, h("span", { class: "value" }, /^class$|^age-/.test(d.name) ? word("value", d.value) : d.value), this.copyButton(`copy-${d.name}`, t("copy"), d.value, t("copy.what", { what: word("field", d.name) })))]),
			(v.absent ?? []).map((r) => [h("dt", {}, capital(word("right", r))), h("dd", { class: "absent" }, t("data.absent"))])),
			h("p", { class: "limit" }, t(v.enforcedBy === "card" ? "limit.card" : "limit.terminal")));
	}

	copyButton(id, text, value, label) {
		return h("button", {
			type: "button", class: "copy", id, "aria-label": label,
			onclick: async (e) => {
				const button = e.currentTarget;
				await navigator.clipboard.writeText(value);
				say(t("copied"));
				button.classList.add("copied");
				fill(button, icon("good"), t("copied"));
				setTimeout(() => { button.classList.remove("copied"); fill(button, icon("copy"), text); }, 1500);
			},
		}, icon("copy"), text);
	}

	checksView(v) {
		const row = (c) => h("li", { class: c.state.replace(" ", "-") }, icon(c.state === "passed" ? "good" : c.state === "failed" ? "bad" : "ask"),
			h("span", {}, word("check", c.check)), h("span", { class: "state" }, word("checkstate", c.state), c.reason ? ` ${c.reason}` : ""));
		return h("details", { class: "card checks" }, h("summary", {}, t("checks", { ms: v.wallMs, passed: v.checks.filter((c) => c.state === "passed").length, all: v.checks.length })),
			h("ul", {}, v.checks.map(row)));
	}

	readActions(v) {
		const may = v.verdict !== "not-genuine" && v.face !== "different";
		const next = h("button", { type: "button", id: "next", onclick: () => this.next(v, null) }, t("next"));
		if (this.registered)
			return [h("p", { class: "saved" }, icon("good"), t("registered", { id: this.registered.id })),
				h("button", { type: "button", id: "companion", onclick: () => this.next(v, this.registered.party ?? this.registered.id) }, icon("person"), t("companion")), next];
		const needsFace = v.portrait.state !== "none" && v.face === null;
		return [may && v.data.length ? h("button", {
			type: "button", class: "main", id: "register", disabled: needsFace, "aria-describedby": needsFace ? "register-hint" : null,
			onclick: () => this.register({ verification: v.id }),
		}, t("register")) : null, next, needsFace && may ? h("p", { class: "hint", id: "register-hint" }, t("register.hint")) : null];
	}

	failedActions(v) {
		return [h("button", { type: "button", class: "main", id: "retry", onclick: () => { ($("secret") ?? $("read")).focus(); } }, icon("again"), t("retry")),
			h("button", { type: "button", id: "next", onclick: () => this.next(v, this.app.party) }, t("other")),
			h("button", { type: "button", onclick: () => this.manual() }, t("manual.open"))];
	}

	async register(body) {
		const registered = await ask("POST", "/registrations", this.app.party ? { ...body, party: this.app.party } : body);
		say(t("registered", { id: registered.id }));
		if (this.app.verification?.phase === "done" && body.verification) {
			this.registered = registered;
			this.drawResult();
			$("companion")?.focus();
		}
		return registered;
	}

	async next(v, party) {
		this.app.party = party;
		await ask("DELETE", `/verifications/${v.id}`).catch(() => {});
		this.drawSteps();
		$("face")?.focus();
	}
}
