// app.js -- comes in, listens, and shows one of three views: desk, registrations, shift.
import { $, ask, fill, h, icon, lang, listen, loadWords, localTime, failure, problem, Refused, say, setLanguage, setToken, t, token, word } from "./dom.js";
import { Desk } from "./desk.js";
import { Registrations, Shift } from "./lists.js";

const app = {
	state: null, // the daemon's, or null
	verification: null,
	view: "desk",
	online: false,
	party: null, // the registration that companions are added to
	locked: null, // why nothing is shown
	trouble: null, // what failed and nobody else tells
};
const views = {};

// --- coming in -------------------------------------------------------------------------------

// The code stands in the fragment, which is not sent; it is taken out of the address at once.
async function comeIn() {
	const code = /^#code=([\w-]+)$/.exec(location.hash)?.[1];
	if (code) {
		history.replaceState(null, "", "/");
		setToken(null);
		setToken((await ask("POST", "/login", { code })).token);
	}
	if (!token())
		throw new Refused(401, { text: "" });
}

// What was shown goes, too: whoever comes back has to come in anew.
function lock(error) {
	app.locked = error.status === 401 ? "locked" : "failed";
	if (error.status === 401)
		setToken(null);
	document.querySelectorAll("dialog").forEach((d) => d.close());
	app.verification = null;
	views.desk.reset();
	draw();
	say(t(`${app.locked}.title`), true);
}

// No button fails in silence: what its own code does not tell is told here.
function tell(error) {
	if (error instanceof Refused && error.status === 401) {
		lock(error);
		return;
	}
	app.trouble = problem(error);
	say(app.trouble, true);
	drawNotices();
}

// --- events --------------------------------------------------------------------------------------

function readerWords(reader) {
	return reader.reason ? `${failure(reader.reason).text} ${reader.reason.id}` : word("place", reader.place);
}

function hear(topic, object) {
	if (topic === "state") {
		const before = app.state;
		app.state = object;
		if (before && before.reader.place !== object.reader.place)
			say(readerWords(object.reader), object.reader.reason !== null);
		if (before && object.trust.reason && before.trust.reason?.id !== object.trust.reason.id)
			say(`${failure(object.trust.reason).text} ${object.trust.reason.id}`, true);
		drawBar();
		drawNotices();
		views.desk.stateChanged();
	} else if (topic === "verification") {
		app.verification = object;
		if (object.phase !== "done" && app.trouble) {
			app.trouble = null;
			drawNotices();
		}
		views.desk.verificationChanged();
	} else if (topic === "lists") {
		views.registrations.load();
		views.shift.load();
	}
}

async function stayOnline() {
	for (let wait = 250; !app.locked; wait = Math.min(wait * 2, 4000)) {
		try {
			await listen(hear, () => {
				wait = 250;
				app.online = true;
				drawNotices();
				views.registrations.load();
				views.shift.load();
			});
		} catch (error) {
			if (error instanceof Refused && error.status === 401) {
				lock(error);
				return;
			}
		}
		if (app.online)
			say(t("offline.title"), true);
		app.online = false;
		drawNotices();
		await new Promise((resume) => setTimeout(resume, wait));
	}
}

// --- the frame --------------------------------------------------------------------------------------

function chip(kind, name, text, title) {
	return h("span", { class: `chip ${kind}`, title }, icon(name), h("span", {}, text));
}

function readerChip() {
	const { reader } = app.state;
	const kind = reader.reason ? "bad" : reader.place === "card" ? "good" : "";
	return chip(kind, "reader", reader.reason ? `${word("place", reader.place)} · ${reader.reason.id}` : word("place", reader.place), reader.name);
}

function trustChip() {
	const { trust } = app.state;
	if (trust.reason)
		return chip("bad", "shield", `${t("trust.bad")} · ${trust.reason.id}`, "");
	return chip("good", "shield", t("trust.good"), trust.created ? t("trust.since", { time: localTime(trust.created, true) }) : "");
}

function tab(name, count) {
	return h("button", {
		type: "button", id: `tab-${name}`, class: "tab", "aria-current": app.view === name ? "page" : null,
		onclick: () => show(name),
	}, t(`view.${name}`), count ? h("span", { class: "count" }, String(count)) : null);
}

function drawBar() {
	const other = lang() === "en" ? "zh" : "en";
	fill($("bar"),
		h("div", { class: "brand" }, h("img", { src: "/icon.svg", alt: "", width: "36", height: "36" }),
			h("h1", {}, h("span", { class: "product" }, "Sojourn"),
				app.state ? h("span", { class: "service" }, word("service", app.state.service.name)) : null)),
		app.state && !app.locked ? h("nav", { "aria-label": t("views") }, tab("desk"), tab("registrations", views.registrations.open()), tab("shift")) : null,
		h("div", { class: "chips" },
			app.state && !app.locked ? [readerChip(), trustChip()] : null,
			h("button", { type: "button", id: "language", class: "quiet", lang: other === "zh" ? "zh-CN" : "en", onclick: () => changeLanguage(other) },
				icon("globe"), other === "zh" ? "中文" : "English")));
	document.title = app.state ? `${word("service", app.state.service.name)} · Sojourn` : "Sojourn";
	$("skip").textContent = t("skip");
}

export function reasonBox(reason, kind = "warn", title = null) {
	const f = failure(reason);
	return h("div", { class: `notice ${kind}` }, icon(kind === "bad" ? "bad" : "warn"),
		h("div", { lang: f.lang },
			title ? h("p", { class: "what" }, title) : null,
			h("p", { class: title ? null : "what" }, f.text, " ", h("span", { class: "id" }, reason.id)),
			h("p", {}, f.action, " ", f.nobody ? null : h("span", { class: "contact" }, t("contact", { who: f.contact })))));
}

function drawNotices() {
	const all = [];
	if (app.locked) {
		fill($("notices"));
		return;
	}
	if (!app.online)
		all.push(h("div", { class: "notice bad" }, icon("again"), h("div", {}, h("p", { class: "what" }, t("offline.title")), h("p", {}, t("offline.text")))));
	if (app.state?.training)
		all.push(h("div", { class: "notice training" }, icon("warn"), h("p", { class: "what" }, t("training"))));
	if (app.online && app.state?.reader.reason)
		all.push(reasonBox(app.state.reader.reason, "bad"));
	if (app.online && app.state?.trust.reason)
		all.push(reasonBox(app.state.trust.reason));
	if (app.trouble)
		all.push(h("div", { class: "notice bad" }, icon("bad"), h("p", { class: "what" }, app.trouble),
			h("button", { type: "button", id: "trouble-close", class: "quiet", onclick: () => { app.trouble = null; drawNotices(); } }, t("close"))));
	fill($("notices"), all);
}

function show(name) {
	app.view = name;
	app.trouble = null;
	draw();
	$("main").focus();
}

function changeLanguage(l) {
	setLanguage(l);
	draw();
	$("language").focus();
}

function lockedView() {
	return h("section", { class: "card locked" }, icon("shield"), h("h2", {}, t(`${app.locked}.title`)),
		h("p", {}, t(`${app.locked}.text`)), h("p", {}, h("code", {}, "sojourn counter url")));
}

function draw() {
	drawBar();
	drawNotices();
	if (app.locked)
		fill($("main"), lockedView());
	else if (app.state)
		fill($("main"), views[app.view].draw());
}

app.show = show;
app.drawBar = drawBar;
app.reasonBox = reasonBox;
app.changeLanguage = changeLanguage;

async function start() {
	const entered = comeIn().then(() => ask("GET", "/state")); // beside the words: each is a way there and back
	entered.catch(() => {});
	await loadWords();
	views.desk = new Desk(app);
	views.registrations = new Registrations(app);
	views.shift = new Shift(app);
	app.views = views;
	addEventListener("unhandledrejection", (e) => { e.preventDefault(); tell(e.reason); });
	$("skip").onclick = () => $("main").focus();
	drawBar();
	try {
		const state = await entered;
		app.targets = state.targets;
		app.state = state;
		app.online = true;
		draw();
		performance.mark("ready");
		document.documentElement.dataset.ready = "yes";
	} catch (error) {
		lock(error);
		document.documentElement.dataset.ready = "locked";
		return;
	}
	await stayOnline();
}

start();
