/* pages.c -- the page's files: a fixed list, read once. */
#include <stdlib.h>
#include <string.h>

#include "cli/child.h"
#include "counter/counter.h"

#define PAGE_MAX (512u * 1024u)

static const struct {
	const char *path, *file, *mime;
} files[] = {
	{ "/", "index.html", "text/html; charset=utf-8" },
	{ "/app.js", "app.js", "text/javascript; charset=utf-8" },
	{ "/dom.js", "dom.js", "text/javascript; charset=utf-8" },
	{ "/desk.js", "desk.js", "text/javascript; charset=utf-8" },
	{ "/dialogs.js", "dialogs.js", "text/javascript; charset=utf-8" },
	{ "/lists.js", "lists.js", "text/javascript; charset=utf-8" },
	{ "/style.css", "style.css", "text/css; charset=utf-8" },
	{ "/icon.svg", "icon.svg", "image/svg+xml" },
	{ "/en.json", "en.json", "application/json" },
	{ "/zh.json", "zh.json", "application/json" },
	{ "/api/v1/openapi.json", "openapi.json", "application/json" },
};
#define FILES (sizeof(files) / sizeof(files[0]))

struct counter_pages {
	struct counter_page page[FILES];
};

int counter_pages_load(struct cli *cli, struct counter_pages **out)
{
	struct counter_pages *p = calloc(1, sizeof(*p));
	char *path = NULL, name[64];
	int rc = 0;

	if (p == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	for (size_t i = 0; rc == 0 && i < FILES; i++) {
		snprintf(name, sizeof(name), "counter/%s", files[i].file);
		path = cli_share_path(name);
		p->page[i].path = files[i].path;
		p->page[i].mime = files[i].mime;
		rc = path != NULL ? cli_file_read(cli, path, PAGE_MAX, &p->page[i].bytes,
						  &p->page[i].len)
				  : cli_fail(cli, SJ_NO_MEMORY, NULL);
		free(path);
	}
	if (rc == 0)
		*out = p;
	else
		counter_pages_free(p);
	return rc;
}

void counter_pages_free(struct counter_pages *pages)
{
	if (pages == NULL)
		return;
	for (size_t i = 0; i < FILES; i++)
		free(pages->page[i].bytes);
	free(pages);
}

const struct counter_page *counter_pages_find(const struct counter_pages *pages, const char *path)
{
	for (size_t i = 0; i < FILES; i++) {
		if (strcmp(pages->page[i].path, path) == 0)
			return &pages->page[i];
	}
	return NULL;
}
