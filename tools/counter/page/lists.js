// lists.js -- the outbox of registrations and the shift's log.
import { ask, failure, fill, h, icon, localTime, say, t, word } from "./dom.js";
import { personDialog } from "./dialogs.js";

const STATES = { New: "plain", Modified: "plain", Sent: "good", Verified: "good", Incomplete: "bad" };

function table(caption, heads, rows, empty) {
	if (rows.length === 0)
		return h("p", { class: "none" }, empty);
	return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
		h("table", {}, h("caption", { class: "unseen" }, caption), h("thead", {}, h("tr", {}, heads.map((text) => h("th", { scope: "col" }, text)))), h("tbody", {}, rows)));
}

export class Registrations {
	constructor(app) {
		this.app = app;
		this.rows = [];
	}

	// How many wait for somebody or something.
	open() {
		return this.rows.filter((r) => r.state === "Incomplete").length;
	}

	async load() {
		try {
			this.rows = (await ask("GET", "/registrations")).registrations;
		} catch {
			return; // the stream that told it tells that the daemon is away
		}
		this.app.drawBar();
		if (this.app.view === "registrations" && this.body)
			this.drawBody();
	}

	draw() {
		this.body = h("div", {});
		this.drawBody();
		return h("section", { class: "card list", "aria-labelledby": "list-title" },
			h("div", { class: "list-head" }, h("div", {}, h("h2", { id: "list-title" }, t("view.registrations")), h("p", { class: "hint" }, t("registrations.hint"))),
				h("button", { type: "button", id: "add", onclick: () => personDialog(this.app, { title: t("manual.title"), zone: true, save: (fields) => ask("POST", "/registrations", { fields }) }) }, t("manual.open"))),
			this.body);
	}

	drawBody() {
		const heads = ["col.number", "col.person", "col.state", "col.target", "col.time", "col.actions"].map((key) => t(key));
		fill(this.body, table(t("view.registrations"), heads, this.rows.map((r) => this.row(r)), t("registrations.none")));
	}

	row(r) {
		const name = [r.fields.surname, r.fields["given-names"]].filter(Boolean).join(", ") || r.fields["document-number"] || "—";
		return h("tr", {}, h("td", {}, String(r.id)),
			h("th", { scope: "row" }, name, r.party ? h("span", { class: "sub" }, t("party.of", { id: r.party })) : null, h("span", { class: "sub" }, word("source", r.source))),
			h("td", {}, h("span", { class: `pill ${STATES[r.state]}` }, icon(STATES[r.state] === "good" ? "good" : STATES[r.state] === "bad" ? "warn" : "again"), word("state", r.state)), this.trouble(r)),
			h("td", {}, r.target ?? t("target.none")), h("td", {}, localTime(r.changed, true)), h("td", { class: "row-actions" }, this.actions(r, name)));
	}

	trouble(r) {
		if (r.note === "" && !r.reason)
			return null;
		const note = r.note.startsWith("missing: ") ? t("missing", { what: word("field", r.note.slice(9)) }) : r.note === "unreadable" ? t("unreadable") : r.note;
		const rows = Object.entries(r.differences ?? {}).map(([name, d]) => h("li", {}, t("difference", { what: word("field", name), ours: d.ours, theirs: d.theirs })));
		return h("div", { class: "sub" }, r.reason ? [failure(r.reason).text, " ", h("span", { class: "id" }, r.reason.id), " "] : null, note, rows.length ? h("ul", {}, rows) : null);
	}

	actions(r, name) {
		const button = (id, text, run) => h("button", { type: "button", id: `${id}-${r.id}`, "aria-label": `${text}: ${name}`, onclick: run }, text);
		return [button("edit", t("edit"), () => this.edit(r)),
			r.target && r.state !== "Verified" && r.note !== "unreadable" ? button("send", r.differences ? t("send.anyway") : t("send"), () => ask("POST", `/registrations/${r.id}/send`, { override: r.differences !== null })) : null,
			button("erase", t("erase"), () => this.erase(r, name))];
	}

	edit(r) {
		personDialog(this.app, { title: t("edit.title", { id: r.id }), fields: r.fields, save: (fields) => ask("PUT", `/registrations/${r.id}`, { fields }) });
	}

	erase(r, name) {
		const dialog = h("dialog", { class: "card", "aria-labelledby": "erase-title", onclose: () => dialog.remove() });
		dialog.append(h("h2", { id: "erase-title" }, t("erase.title", { name })), h("p", {}, t("erase.text")),
			h("div", { class: "actions" }, h("button", { type: "button", class: "danger", id: "erase-yes", onclick: async () => { dialog.close(); await ask("DELETE", `/registrations/${r.id}`); say(t("erased")); } }, t("erase")),
				h("button", { type: "button", onclick: () => dialog.close() }, t("cancel"))));
		document.body.append(dialog);
		dialog.showModal();
	}
}

export class Shift {
	constructor(app) {
		this.app = app;
		this.rows = [];
	}

	async load() {
		try {
			this.rows = (await ask("GET", "/activity")).activity;
		} catch {
			return;
		}
		if (this.app.view === "shift" && this.body)
			this.drawBody();
	}

	draw() {
		this.body = h("div", {});
		this.drawBody();
		return h("section", { class: "card list", "aria-labelledby": "list-title" },
			h("div", { class: "list-head" }, h("div", {}, h("h2", { id: "list-title" }, t("view.shift")), h("p", { class: "hint" }, t("shift.hint")))), this.body);
	}

	drawBody() {
		const kinds = { genuine: "good", same: "good", "not-genuine": "bad", expired: "bad", different: "bad" };
		const signs = { good: "good", bad: "bad", warn: "warn", plain: "again" };
		const rows = this.rows.map((a) => {
			const kind = a.verdict === null || a.verdict === "none" ? "plain" : kinds[a.verdict] ?? "warn";
			const text = a.kind === "face" ? t(`face.${a.verdict}`) : a.kind === "manual" ? t("source.manual") : word("verdict", a.verdict);
			return h("tr", {}, h("td", {}, localTime(a.time)), h("td", {}, word("activity", a.kind)),
				h("td", {}, h("span", { class: `pill ${kind}` }, icon(a.kind === "manual" ? "person" : signs[kind]), text)),
				h("td", {}, a.reason ? [h("span", { class: "id" }, a.reason.id), " ", failure(a.reason).text] : ""), h("td", {}, a.wallMs ? `${a.wallMs} ms` : ""));
		});
		fill(this.body, table(t("view.shift"), ["col.time", "col.what", "col.result", "col.reason", "col.took"].map((key) => t(key)), rows, t("shift.none")));
	}
}
