// audit.js -- looks for barriers in the page as it is now, by rules of WCAG 2.2 level AA that a program
// can judge: 1.1.1, 1.3.1, 1.4.1 (signs), 1.4.3, 1.4.11, 2.4.2, 2.4.3, 2.4.6, 2.5.8, 3.1.1, 3.3.2, 4.1.2, 4.1.3.
function audit() {
	const faults = [];
	const fault = (rule, element, text) => faults.push(`${rule}: ${text}: ${element ? element.outerHTML.slice(0, 110) : ""}`);
	const all = (selector) => [...document.querySelectorAll(selector)];
	const modal = document.querySelector("dialog[open]");
	const shown = (e) => e.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) && !e.closest(".unseen, .skip, [aria-hidden=true]") && (!modal || modal.contains(e));

	// --- names (the computed name, in short: accname 1.2)
	const byIds = (ids) => ids.split(/\s+/).map((id) => {
		const e = document.getElementById(id);
		if (!e)
			fault("4.1.2", null, `names an id that is not there: ${id}`);
		return e?.textContent ?? "";
	}).join(" ").trim();
	const name = (e) => e.getAttribute("aria-labelledby") ? byIds(e.getAttribute("aria-labelledby")) : e.getAttribute("aria-label")
		?? (e.labels?.length ? [...e.labels].map((l) => l.textContent).join(" ") : null)
		?? (e.tagName === "IMG" ? e.alt : e.tagName === "FIELDSET" ? e.querySelector("legend")?.textContent : e.textContent);
	for (const e of all("button, a[href], input, textarea, select, summary, [role=button], progress, nav, dialog, [role=region], fieldset"))
		if (shown(e) && !name(e)?.trim())
			fault("4.1.2", e, "has no name");
	for (const e of all("section"))
		if (!e.getAttribute("aria-labelledby") && !e.classList.contains("locked"))
			fault("1.3.1", e, "a section without a name");
	for (const e of all("[aria-describedby], [aria-labelledby]"))
		byIds(e.getAttribute("aria-describedby") ?? e.getAttribute("aria-labelledby"));
	for (const e of all("img"))
		if (!e.hasAttribute("alt"))
			fault("1.1.1", e, "no alternative");
	for (const e of all("svg"))
		if (e.getAttribute("aria-hidden") !== "true" && !e.getAttribute("aria-label"))
			fault("1.1.1", e, "a picture neither named nor hidden");

	// --- structure
	const ids = all("[id]").map((e) => e.id);
	for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i)))
		fault("4.1.2", document.getElementById(id), `the id ${id} stands twice`);
	if (!document.documentElement.lang)
		fault("3.1.1", null, "no language");
	if (!document.title)
		fault("2.4.2", null, "no title");
	if (all("main").length !== 1 || all("h1").length !== 1)
		fault("1.3.1", null, "not exactly one main and one h1");
	let level = 0;
	for (const e of all("h1, h2, h3, h4").filter((x) => !x.closest("dialog"))) {
		if (Number(e.tagName[1]) > level + 1)
			fault("1.3.1", e, "a heading leaves a level out");
		level = Number(e.tagName[1]);
	}
	for (const e of all("table"))
		if (!e.querySelector("caption") || [...e.querySelectorAll("th")].some((th) => !th.scope))
			fault("1.3.1", e, "a table without caption or scopes");
	for (const e of all("dl > *"))
		if (!/^(DT|DD)$/.test(e.tagName))
			fault("1.3.1", e, "a stranger in a list of terms");
	for (const e of all("ul > *, ol > *"))
		if (e.tagName !== "LI")
			fault("1.3.1", e, "a stranger in a list");
	if (!document.querySelector("[role=status][aria-live=polite]") || !document.querySelector("[role=alert]"))
		fault("4.1.3", null, "no live region");
	for (const e of all("[role=alert]:not(.unseen), [role=status]:not(.unseen)"))
		if (!e.closest("dialog"))
			fault("4.1.3", e, "a live region that is drawn anew with its text");

	// --- focus: in the order of the document, by nothing but it
	for (const e of all("[tabindex]"))
		if (e.tabIndex > 0)
			fault("2.4.3", e, "a place of its own in the order of focus");
	for (const e of all("[aria-hidden=true]"))
		if (e.matches("a, button, input") || e.querySelector("a, button, input"))
			fault("4.1.2", e, "can have the focus and is hidden");
	for (const e of all("*"))
		if (e.onclick && !e.matches("button, a, input, label, summary"))
			fault("2.1.1", e, "only a mouse can click it");

	// --- contrast: relative luminance of WCAG 2.2, colours put over each other
	const parse = (text) => {
		const n = text.match(/[\d.]+%?/g).map(Number);
		const k = text.startsWith("color(srgb") ? 255 : 1;
		return [n[0] * k, n[1] * k, n[2] * k, n[3] ?? 1];
	};
	const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
	const ground = (e) => {
		const layers = [];
		for (let x = e; x; x = x.parentElement)
			layers.push(parse(getComputedStyle(x).backgroundColor));
		return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
	};
	const light = (c) => {
		const [r, g, b] = c.map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const contrast = (a, b) => {
		const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
		return (x + 0.05) / (y + 0.05);
	};
	for (const e of all("body *")) {
		const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
		if (!own || !shown(e) || e.disabled || e.closest("button:disabled") || e.tagName === "SCRIPT")
			continue;
		const style = getComputedStyle(e), under = ground(e), ratio = contrast(over(parse(style.color), under), under);
		const large = parseFloat(style.fontSize) >= 24 || parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700;
		if (ratio < (large ? 3 : 4.5))
			fault("1.4.3", e, `contrast ${ratio.toFixed(2)}`);
	}
	for (const e of all("input, textarea, .badge")) {
		const style = getComputedStyle(e);
		if (shown(e) && e.type !== "checkbox" && contrast(parse(style.borderTopColor), ground(e.parentElement)) < 3)
			fault("1.4.11", e, "its edge can hardly be seen");
	}
	for (const e of all(".icon").filter((x) => shown(x.parentElement) && !x.closest("button:disabled"))) {
		const under = ground(e.parentElement);
		if (contrast(over(parse(getComputedStyle(e).stroke), under), under) < 3)
			fault("1.4.11", e.parentElement, "a sign that can hardly be seen");
	}

	// --- colour alone: a verdict and a state have a sign and a word
	for (const e of all(".verdict, .pill, .chip"))
		if (!e.querySelector("svg") || !e.textContent.trim())
			fault("1.4.1", e, "colour alone");
	// --- targets at least 24 by 24
	for (const e of all("button, input, textarea, a[href], summary").filter(shown)) {
		const box = e.getBoundingClientRect();
		if (box.width < 24 || box.height < 24)
			fault("2.5.8", e, `a target of ${box.width.toFixed(0)} by ${box.height.toFixed(0)}`);
	}
	return faults;
}
