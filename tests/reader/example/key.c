/* key.c -- asks a card's key for a signature, and its holder for a PIN.
 * Build: cc key.c $(pkg-config --cflags --libs sojourn)
 * Use:   key PIN-FILE */
#include <stdio.h>
#include <string.h>

#include <sojourn/piv.h>

/* On the reader's own keypad where it has one: the PIN never reaches this computer. */
static enum sj_rc log_in(struct sj_piv *piv, const char *pin)
{
	enum sj_piv_pin which;
	int left = -1;
	enum sj_rc rc = sj_piv_user_pin(piv, &which);

	if (rc == SJ_OK && sj_piv_reader_has_keypad(piv))
		rc = sj_piv_verify_on_reader(piv, which, &left);
	else if (rc == SJ_OK)
		rc = sj_piv_verify(piv, which, pin, strcspn(pin, "\n"), &left);
	if (left >= 0)
		fprintf(stderr, "%d tries are left.\n", left);
	return rc;
}

/* A challenge from the card itself, signed by its first key; the signature key asks each time. */
static enum sj_rc sign(struct sj_piv *piv, const char *pin)
{
	unsigned char challenge[32], out[SJ_PIV_BLOCK_MAX];
	size_t len = sizeof(out);
	enum sj_rc rc = sj_piv_random(piv, challenge, sizeof(challenge));

	if (rc == SJ_OK)
		rc = sj_piv_sign(piv, SJ_PIV_KEY_AUTHENTICATION, SJ_PIV_P256, challenge,
				 sizeof(challenge), out, &len);
	if (rc == SJ_OK)
		printf("%u bytes of signature, certificate in object %X\n", (unsigned)len,
		       (unsigned)sj_piv_key_certificate(SJ_PIV_KEY_AUTHENTICATION));
	len = sizeof(out);
	if (rc == SJ_OK && sj_piv_verify_and_sign(piv, SJ_PIV_PIN, pin, strcspn(pin, "\n"),
						  SJ_PIV_KEY_SIGNATURE, SJ_PIV_P256, challenge,
						  sizeof(challenge), out, &len, NULL) == SJ_OK)
		printf("The signature key signs, too.\n");
	return rc;
}

/* Both ends have the same secret: here the card with itself, by its own public key. */
static enum sj_rc agree(struct sj_piv *piv)
{
	struct sj_piv_key_info info = { .size = sizeof(info) };
	unsigned char secret[SJ_PIV_BLOCK_MAX];
	size_t len = sizeof(secret);
	enum sj_rc rc = sj_piv_key_info(piv, SJ_PIV_KEY_MANAGEMENT, &info);

	/* The point ends a SubjectPublicKeyInfo. */
	if (rc == SJ_OK && info.algorithm == SJ_PIV_P256)
		rc = sj_piv_agree(piv, SJ_PIV_KEY_MANAGEMENT, SJ_PIV_P256,
				  info.spki + info.spki_len - 65, 65, secret, &len);
	return rc;
}

int main(int argc, char **argv)
{
	unsigned char guid[SJ_PIV_GUID], content[SJ_PIV_CONTENT];
	struct sj_piv_options options = SJ_PIV_OPTIONS_INIT;
	FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
	struct sj_context *ctx = NULL;
	struct sj_card *card = NULL;
	struct sj_piv *piv = NULL;
	bool has_guid, has_content;
	char pin[16] = "";
	enum sj_rc rc = SJ_INPUT_UNREADABLE;

	if (file == NULL || fgets(pin, sizeof(pin), file) == NULL)
		goto out;
	if ((rc = sj_context_new(&ctx)) != SJ_OK ||
	    (rc = sj_card_wait(ctx, NULL, 10000, &card)) != SJ_OK ||
	    (rc = sj_piv_open(card, &options, &piv)) != SJ_OK ||
	    (rc = sj_piv_identify(piv, guid, &has_guid, content, &has_content)) != SJ_OK ||
	    (rc = log_in(piv, pin)) != SJ_OK || (rc = sign(piv, pin)) != SJ_OK)
		goto out;
	rc = agree(piv);
	printf("%u commands\n", sj_piv_commands(piv));
out:
	if (rc != SJ_OK)
		fprintf(stderr, "SJ-%04d: %s\n", rc, sj_strerror(rc));
	if (file != NULL)
		fclose(file);
	sj_piv_close(piv);
	sj_card_close(card);
	sj_context_free(ctx);
	return sj_exit_code(rc);
}
