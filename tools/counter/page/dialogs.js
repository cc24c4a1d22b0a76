// dialogs.js -- typing a person by hand, and the holder's PIN.
import { ask, fill, h, icon, problem, say, t, word } from "./dom.js";

const FIELDS = ["surname", "given-names", "nationality", "birth-date", "sex", "document-number", "expiry"];

function open(dialog) {
	document.body.append(dialog);
	dialog.addEventListener("close", () => dialog.remove());
	dialog.showModal();
}

function zonePart(inputs) {
	const told = h("p", { class: "told", id: "zone-told", role: "status" });
	const zone = h("textarea", { id: "zone", class: "zone", rows: "3", autocomplete: "off", spellcheck: "false", maxlength: "160", "aria-describedby": "zone-told" });
	const check = async () => {
		const m = await ask("POST", "/manual", { mrz: zone.value });
		for (const [name, value] of Object.entries(m.data))
			if (inputs[name])
				inputs[name].value = value;
		told.className = `told ${m.ok ? "good" : "bad"}`;
		fill(told, icon(m.ok ? "good" : "warn"), m.ok ? t("zone.good") : `${word("zone", m.problem)} ${m.reason.id}`);
	};
	zone.addEventListener("change", check);
	return h("div", { class: "field wide" }, h("label", { for: "zone" }, t("zone")), zone,
		h("button", { type: "button", id: "zone-check", onclick: check }, t("zone.check")), told);
}

// {title, zone, fields, save(fields), note}: save() gives a promise.
export function personDialog(app, { title, zone, fields = {}, save }) {
	const inputs = {};
	const names = [...new Set([...FIELDS, ...Object.keys(fields)])];
	for (const name of names)
		inputs[name] = h("input", { id: `input-${name}`, type: "text", autocomplete: "off", spellcheck: "false", maxlength: "160", value: fields[name] ?? "" });
	const told = h("p", { class: "told bad", role: "alert" });
	const dialog = h("dialog", { "aria-labelledby": "dialog-title", class: "card" });
	const submit = async () => {
		const typed = Object.fromEntries(names.map((n) => [n, inputs[n].value.trim()]).filter(([, value]) => value !== ""));
		try {
			await save(typed);
			dialog.close();
		} catch (error) {
			fill(told, icon("warn"), Object.keys(typed).length ? problem(error) : t("manual.nothing"));
		}
	};
	dialog.append(h("form", { method: "dialog", onsubmit: (e) => { e.preventDefault(); submit(); } },
		h("h2", { id: "dialog-title" }, title), zone ? h("p", { class: "hint" }, t("manual.hint")) : null, zone ? zonePart(inputs) : null,
		h("div", { class: "fields" }, names.map((n) => h("div", { class: "field" }, h("label", { for: `input-${n}` }, word("field", n)), inputs[n]))),
		told, h("div", { class: "actions" }, h("button", { type: "submit", class: "main", id: "dialog-save" }, t("save")),
			h("button", { type: "button", id: "dialog-cancel", onclick: () => dialog.close() }, t("cancel")))));
	open(dialog);
	return dialog;
}

// The holder types it; the clerk sees dots. Gives {kind, value}, or null.
export function pinDialog() {
	return new Promise((resolve) => {
		let result = null;
		const input = h("input", { id: "pin", type: "password", inputmode: "numeric", autocomplete: "one-time-code", maxlength: "6", "aria-describedby": "pin-hint pin-told" });
		const told = h("p", { class: "told bad", id: "pin-told", role: "alert" });
		const dialog = h("dialog", { class: "card pin", "aria-labelledby": "pin-title", onclose: () => { input.value = ""; resolve(result); } });
		const finish = (value) => { result = value; dialog.close(); };
		dialog.append(h("form", { method: "dialog", onsubmit: (e) => {
			e.preventDefault();
			if (/^\d{6}$/.test(input.value))
				finish({ kind: "pin", value: input.value });
			else
				fill(told, icon("warn"), t("pin.wrong"));
		} }, h("h2", { id: "pin-title" }, t("pin.title")), h("p", { class: "hint", id: "pin-hint" }, t("pin.hint")),
		h("label", { for: "pin" }, t("pin.label")), input, told,
		h("div", { class: "actions" }, h("button", { type: "submit", class: "main" }, t("pin.ok")),
			h("button", { type: "button", id: "pin-pad", onclick: () => finish({ kind: "reader-pin" }) }, t("pin.pad")),
			h("button", { type: "button", onclick: () => finish(null) }, t("cancel")))));
		open(dialog);
		say(t("pin.title"), true);
	});
}
