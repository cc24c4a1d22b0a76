// dom.js -- making elements, words in two languages, icons, talking to the daemon.

export const $ = (id) => document.getElementById(id);

// h("p", {class: "x", onclick: f}, "text", node, ...): null, false and undefined are left out.
export function h(tag, attributes = {}, ...children) {
	const e = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) {
		if (value === null || value === undefined || value === false)
			continue;
		if (name.startsWith("on"))
			e.addEventListener(name.slice(2), value);
		else if (name === "value" || name === "checked" || name === "disabled")
			e[name] = value;
		else
			e.setAttribute(name, value === true ? "" : value);
	}
	e.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
	return e;
}

// What had the focus has it again, if it is still there.
export function fill(node, ...children) {
	const focus = node.contains(document.activeElement) ? document.activeElement.id : "";
	node.replaceChildren(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
	if (focus)
		$(focus)?.focus({ preventScroll: true });
}

const PATHS = {
	good: "M5 12.5l4.5 4.5L19 7.5",
	bad: "M6.5 6.5l11 11M17.5 6.5l-11 11",
	warn: "M12 6v7.5M12 17.4v.2",
	ask: "M8.5 9a3.5 3.5 0 1 1 5 3.2c-1 .5-1.5 1.1-1.5 2.3M12 17.8v.2",
	again: "M19 12a7 7 0 1 1-2.2-5.1M19 4v4h-4",
	copy: "M9 9h10v10H9zM5 15V5h10",
	reader: "M4 7h16v10H4zM4 11h16M8 14.5h3",
	shield: "M12 3.5l7 2.5v5.5c0 4.3-3 7.5-7 9-4-1.5-7-4.7-7-9V6z",
	globe: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM3.8 12h16.4M12 3.7c4.6 4.6 4.6 12 0 16.6M12 3.7c-4.6 4.6-4.6 12 0 16.6",
	person: "M12 4.5a3.7 3.7 0 1 0 0 7.4 3.7 3.7 0 0 0 0-7.4M4.8 20c.8-4 3.6-6 7.2-6s6.4 2 7.2 6",
};

export function icon(name) {
	const NS = "http://www.w3.org/2000/svg";
	const svg = document.createElementNS(NS, "svg");
	const path = document.createElementNS(NS, "path");
	svg.setAttribute("viewBox", "0 0 24 24");
	svg.setAttribute("class", "icon");
	svg.setAttribute("aria-hidden", "true");
	path.setAttribute("d", PATHS[name]);
	svg.append(path);
	return svg;
}

// --- words -----------------------------------------------------------------------------

const LANGUAGES = ["en", "zh"];
const words = {};
let language = "en";

export const lang = () => language;

export async function loadWords() {
	await Promise.all(LANGUAGES.map(async (l) => { words[l] = await (await fetch(`/${l}.json`)).json(); }));
	const kept = localStorage.getItem("sojourn-language");
	setLanguage(LANGUAGES.includes(kept) ? kept : (navigator.language || "en").startsWith("zh") ? "zh" : "en");
}

export function setLanguage(l) {
	language = l;
	localStorage.setItem("sojourn-language", l);
	document.documentElement.lang = l === "zh" ? "zh-CN" : "en";
}

// t("key", {name: value}): "{name}" in the text is replaced.
export function t(key, values = {}) {
	const text = words[language][key] ?? words.en[key] ?? key;
	return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

// A word out of a family, or the name itself, made readable.
export function word(family, name) {
	const text = words[language][`${family}.${name}`] ?? words.en[`${family}.${name}`];
	if (text)
		return text;
	const plain = String(name).replaceAll("-", " ");
	return plain.charAt(0).toUpperCase() + plain.slice(1);
}

// What a failure says, in the language of the page where there is a translation.
export function failure(reason) {
	const own = words[language].failures?.[reason.id];
	if (own)
		return { text: own[0], action: own[1], contact: word("contact", reason.contact), nobody: reason.contact === "nobody", lang: null };
	return { ...reason, nobody: reason.contact === "nobody", lang: language === "en" ? null : "en" };
}

// What went wrong with something that was asked, in one sentence.
export function problem(error) {
	if (error.reason)
		return `${failure(error.reason).text} ${error.reason.id}`;
	if (error instanceof Refused)
		return words[language][`error.${error.name}`] ?? error.message;
	return error instanceof TypeError ? t("offline.title") : t("error.other");
}

export function localTime(iso, withDate = false) {
	const options = withDate ? { dateStyle: "medium", timeStyle: "short" } : { timeStyle: "medium" };
	return new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", options).format(new Date(iso));
}

// --- telling those who do not see ---------------------------------------------------------

export function say(text, urgent = false) {
	const region = $(urgent ? "urgent" : "polite");
	region.textContent = "";
	setTimeout(() => { region.textContent = text; }, 30);
}

// --- the daemon -------------------------------------------------------------------------------

// The token lives in this tab alone: it outlives a reload, and no other page or port gets it.
const KEY = "sojourn-token";
export const token = () => sessionStorage.getItem(KEY);
export const setToken = (text) => text ? sessionStorage.setItem(KEY, text) : sessionStorage.removeItem(KEY);

export class Refused extends Error {
	constructor(status, error) {
		super(error?.text ?? `HTTP ${status}`);
		this.status = status;
		this.reason = error?.reason ?? null;
		this.name = error?.name ?? "refused";
	}
}

const headers = () => token() ? { Authorization: `Bearer ${token()}` } : {};

export async function ask(method, path, body) {
	const init = { method, headers: headers(), cache: "no-store" };
	if (body !== undefined) {
		init.headers["Content-Type"] = "application/json";
		init.body = JSON.stringify(body);
	}
	const answer = await fetch(`/api/v1${path}`, init);
	const object = await answer.json();
	if (!answer.ok)
		throw new Refused(answer.status, object.error);
	return object;
}

export async function picture(path) {
	const answer = await fetch(`/api/v1${path}`, { headers: headers(), cache: "no-store" });
	if (!answer.ok)
		throw new Refused(answer.status, null);
	return URL.createObjectURL(await answer.blob());
}

// Hears events until the stream ends; the token goes in a header, which EventSource cannot send.
export async function listen(hear, opened) {
	const answer = await fetch("/api/v1/events", { headers: headers(), cache: "no-store" });
	if (!answer.ok)
		throw new Refused(answer.status, (await answer.json().catch(() => ({}))).error);
	opened();
	const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
	let text = "";
	for (;;) {
		const { value, done } = await reader.read();
		if (done)
			return;
		text += value;
		for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
			const event = /^event: (\w+)\ndata: (.*)$/.exec(text.slice(0, end));
			if (event)
				hear(event[1], JSON.parse(event[2]));
		}
	}
}
