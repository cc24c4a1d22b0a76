/* login.c -- the genuine card logs its holder in at a TLS server, by programs of others. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "demo/demo.h"

#define OPENSSL "/usr/bin/openssl"
#define MODULE "lib/pkcs11/sojourn-pkcs11.so"
#define STOP_MS 5000u
#define CLIENT_MS 30000u
#define ADDRESS_MAX 128
#define PERSON_MAX 128
#define OUTPUT_MAX 65536u
#define LETTER_PIN "PIN of the keys: "
#define REQUEST "GET / HTTP/1.0\r\n\r\n"
#define KEY "pkcs11:id=%9A;type=private"

static int broken(struct demo *demo, const char *what, int code)
{
	if (cli_interrupted(demo->cli))
		return cli_fail(demo->cli, SJ_CANCELLED, NULL);
	return cli_fail(demo->cli, SJ_INTERNAL, "%s ended with %d", what, code);
}

static int openssl(struct demo *demo, const char *const argv[])
{
	struct cli_child child = CLI_CHILD_INIT;
	char *out = NULL;
	size_t len;
	int code;

	child.err = demo->log;
	code = cli_child_capture(&child, argv, &out, &len);
	free(out);
	return code == 0 ? 0 : broken(demo, argv[1], code);
}

/* --- what both sides need ---------------------------------------------------------- */

/* The server's own certificate, and whom it lets in. */
static int make_server(struct demo *demo)
{
	struct demo_path key = demo_path(demo, "server.key"), pem = demo_path(demo, "server.pem");
	struct demo_path ca = demo_path(demo, "trusted/key-ca-1.cer"),
			 clients = demo_path(demo, "clients.pem");
	const char *const make[] = { OPENSSL,
				     "req",
				     "-x509",
				     "-newkey",
				     "ec",
				     "-pkeyopt",
				     "ec_paramgen_curve:P-256",
				     "-nodes",
				     "-subj",
				     "/CN=localhost",
				     "-addext",
				     "subjectAltName=DNS:localhost",
				     "-keyout",
				     key.text,
				     "-out",
				     pem.text,
				     NULL };
	const char *const convert[] = { OPENSSL, "x509", "-inform",    "DER", "-in",
					ca.text, "-out", clients.text, NULL };
	int rc = openssl(demo, make);

	return rc == 0 ? openssl(demo, convert) : rc;
}

/* The PIN from the letter to the holder; as much as fits. */
static int read_pin(struct demo *demo, char pin[static 16])
{
	uint8_t *letter = NULL;
	size_t len;
	int rc = cli_file_read(demo->cli, demo_path(demo, "letter-1").text, OUTPUT_MAX, &letter,
			       &len);
	const char *at = rc == 0 ? strstr((const char *)letter, LETTER_PIN) : NULL;

	if (at != NULL)
		sscanf(at + strlen(LETTER_PIN), "%15s", pin);
	else if (rc == 0)
		rc = cli_fail(demo->cli, SJ_INTERNAL, "no PIN in the letter");
	free(letter);
	return rc;
}

/* OpenSSL's engine learns module and PIN, the module the CAN; both from files of the owner's. */
static int write_configuration(struct demo *demo)
{
	char *near = cli_program_path(""), text[1024], pin[16] = "";
	char *end = near != NULL ? strstr(near, "libexec/sojourn/") : NULL;
	int rc = end != NULL ? read_pin(demo, pin) : cli_fail(demo->cli, SJ_NO_MEMORY, NULL);

	if (rc == 0 && end != NULL) {
		*end = '\0';
		snprintf(
			text, sizeof(text),
			"openssl_conf = all\n[all]\nengines = engines\n[engines]\npkcs11 = pkcs11\n"
			"[pkcs11]\nengine_id = pkcs11\nMODULE_PATH = %s" MODULE "\nPIN = %s\n"
			"init = 0\n",
			near, pin);
		rc = cli_file_write(demo->cli, demo_path(demo, "openssl.cnf").text, text,
				    strlen(text), 0600);
	}
	if (rc == 0) {
		snprintf(text, sizeof(text), "[pkcs11]\ncan-file = %s\nreaders = %s\n",
			 demo_path(demo, "right.can").text, demo_reader(0).text);
		rc = cli_file_write(demo->cli, demo_path(demo, "pkcs11.conf").text, text,
				    strlen(text), 0600);
	}
	if (rc == 0)
		rc = cli_file_write(demo->cli, demo_path(demo, "request").text, REQUEST,
				    strlen(REQUEST), 0600);
	memset(pin, 0, sizeof(pin));
	free(near);
	return rc;
}

static int export_certificate(struct demo *demo)
{
	struct demo_path reader = demo_reader(0), can = demo_path(demo, "right.can");
	struct demo_path out = demo_path(demo, "9A.pem");
	const char *argv[] = { NULL,        "key",        "certificate", "9A",      "--reader",
			       reader.text, "--can-file", can.text,      "--trust", NULL,
			       "--out",     out.text,     NULL };
	struct demo_path store = demo_path(demo, "trust");
	int code;

	argv[9] = store.text;
	code = demo_run(demo, "key", argv, NULL);
	return code == 0 ? 0 : broken(demo, "key certificate", code);
}

/* --- the two sides --------------------------------------------------------------------- */

/* A server for one visitor, at a port of its own choice; what follows "ACCEPT ". */
static pid_t start_server(struct demo *demo, char address[static ADDRESS_MAX], int *talk)
{
	struct demo_path key = demo_path(demo, "server.key"), pem = demo_path(demo, "server.pem"),
			 clients = demo_path(demo, "clients.pem");
	const char *const argv[] = { OPENSSL,   "s_server",   "-accept", "127.0.0.1:0",
				     "-cert",   pem.text,     "-key",    key.text,
				     "-CAfile", clients.text, "-Verify", "2",
				     "-www",    "-naccept",   "1",       "-verify_return_error",
				     NULL };
	struct cli_child child = CLI_CHILD_INIT;
	char line[ADDRESS_MAX] = "";
	int ends[2];
	pid_t pid;
	FILE *in;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	child.out = ends[1];
	child.err = demo->log;
	child.session = true;
	pid = cli_child_start(&child, argv);
	close(ends[1]);
	*talk = dup(ends[0]);
	in = fdopen(ends[0], "r");
	while (in != NULL && strncmp(line, "ACCEPT ", 7) != 0 &&
	       fgets(line, sizeof(line), in) != NULL)
		continue;
	if (in != NULL)
		fclose(in);
	line[strcspn(line, "\n")] = '\0';
	snprintf(address, ADDRESS_MAX, "%s", strncmp(line, "ACCEPT ", 7) == 0 ? line + 7 : "");
	return pid;
}

static bool with_card(void *user)
{
	const struct demo *demo = user;

	return setenv("OPENSSL_CONF", demo_path(demo, "openssl.cnf").text, 1) == 0 &&
	       setenv("SOJOURN_PKCS11_CONF", demo_path(demo, "pkcs11.conf").text, 1) == 0 &&
	       setenv("XDG_CACHE_HOME", demo->dir, 1) == 0;
}

/* What the server says to whom it lets in; NULL: nothing. */
static char *visit(struct demo *demo, const char *address)
{
	struct demo_path pem = demo_path(demo, "server.pem"), own = demo_path(demo, "9A.pem");
	const char *const argv[] = {
		OPENSSL,    "s_client", "-quiet", "-connect", address,   "-verify_return_error",
		"-CAfile",  pem.text,   "-cert",  own.text,   "-engine", "pkcs11",
		"-keyform", "engine",   "-key",   KEY,        NULL
	};
	struct cli_child child = CLI_CHILD_INIT;
	char *out = NULL;
	size_t len;
	int code;

	child.in = open(demo_path(demo, "request").text, O_RDONLY | O_CLOEXEC);
	child.err = demo->log;
	child.prepare = with_card;
	child.user = demo;
	code = cli_child_capture_within(&child, argv, CLIENT_MS, OUTPUT_MAX, &out, &len);
	close(child.in);
	if (code == 0)
		return out;
	free(out);
	return NULL;
}

/* Whom the server saw: the subject's common name, as OpenSSL prints it, "\xC3\xA5" for a letter. */
static void name_of(const char *page, char name[static PERSON_MAX])
{
	const char *at = page != NULL ? strstr(page, "Client certificate") : NULL;
	size_t n = 0;

	at = at != NULL ? strstr(at, "Subject: ") : NULL;
	at = at != NULL ? strstr(at, "CN=") : NULL;
	for (at = at != NULL ? at + 3 : ""; *at != '\0' && strchr(",/\n", *at) == NULL; at++) {
		if (n + 1 == PERSON_MAX)
			break;
		if (strncmp(at, "\\x", 2) == 0 && strlen(at) >= 4) {
			char hex[3] = { at[2], at[3], '\0' };

			name[n++] = (char)strtoul(hex, NULL, 16);
			at += 3;
		} else {
			name[n++] = *at;
		}
	}
	name[n] = '\0';
}

int demo_login_play(struct demo *demo, unsigned number, unsigned *wrong)
{
	uint64_t start;
	char address[ADDRESS_MAX], name[PERSON_MAX], *page = NULL;
	int talk = -1, rc = make_server(demo);
	pid_t server;

	if (rc == 0)
		rc = write_configuration(demo);
	if (rc == 0)
		rc = export_certificate(demo);
	if (rc != 0)
		return rc;
	server = start_server(demo, address, &talk);
	start = demo_now_ms();
	if (server > 0 && address[0] != '\0')
		page = visit(demo, address);
	name_of(page, name);
	if (server > 0)
		cli_child_stop(server, STOP_MS);
	if (talk >= 0)
		close(talk);
	cli_line(
		demo->cli, name[0] != '\0' ? CLI_MARK_GOOD : CLI_MARK_BAD,
		name[0] != '\0' ? "as expected" : "UNEXPECTED",
		"%u. the genuine card logs in to a TLS server through the PKCS#11 module: %s%s (%.2f s)",
		number, name[0] != '\0' ? "let in as " : "not let in", name,
		(double)(demo_now_ms() - start) / 1000.0);
	*wrong += name[0] != '\0' ? 0 : 1;
	free(page);
	return 0;
}
