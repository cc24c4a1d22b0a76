/* perso_files.c -- files to the card, in pieces, as many in a command as it takes. */
#include <stdlib.h>

#include "authority/perso.h"

#define DGI_FILE 0x0002u
#define PARENT_MF 0x3F00u
#define PARENT_LDS 0x0101u
#define SECURITY_FID 0x1D00u /* + sector */
#define FILE_HEAD 7u /* parent, file id, offset */
#define COMMAND_ROOM (PERSO_PIECE_MAX + 64u)

/* Files on their way: as many groupings in a command as the card takes, each a step of its store. */
struct packet {
	struct perso *p;
	const char *step; /* name of the file that was put in last */
	struct sj_writer w; /* COMMAND_ROOM bytes */
};

/* `last`: the very last one of all ends the sequence. */
static int send_packet(struct packet *packet, bool last)
{
	const struct sj_span groupings = sj_written(&packet->w);
	int rc;

	if (packet->w.failed)
		rc = perso_fail(packet->p, SJ_INTERNAL, "%s", packet->step);
	else if (last)
		rc = perso_store_last(packet->p, packet->step, groupings);
	else
		rc = perso_store_groupings(packet->p, packet->step, groupings, 0, NULL);

	packet->w.len = 0;
	return rc;
}

/* Puts a file in, in pieces where it must be. */
static int put_file(struct packet *packet, const char *name, uint16_t parent, uint16_t file_id,
		    struct sj_span content)
{
	const size_t most = perso_piece_max(packet->p, FILE_HEAD);
	uint32_t offset = 0;
	struct sj_span piece;
	int rc = 0;

	packet->step = name;
	while (rc == 0 && content.len > 0) {
		if (!sj_take(&content, content.len < most ? content.len : most, &piece))
			break;
		if (packet->w.len > 0 && packet->w.len + piece.len > most)
			rc = send_packet(packet, false);
		perso_put_head(&packet->w, DGI_FILE, FILE_HEAD + piece.len);
		sj_put_be(&packet->w, 2, parent);
		sj_put_be(&packet->w, 2, file_id);
		sj_put_be(&packet->w, 3, offset);
		sj_put(&packet->w, piece);
		offset += (uint32_t)piece.len;
	}
	return rc;
}

static int put_known(struct packet *packet, const struct file_set *set, enum sj_lds_file file)
{
	const struct sj_lds_entry *entry = sj_lds_entry(file);

	return put_file(packet, entry->name, entry->in_mf ? PARENT_MF : PARENT_LDS, entry->file_id,
			file_set_get(set, file));
}

int perso_write_files(struct perso *p, const struct file_set *set)
{
	uint8_t *buffer = malloc(COMMAND_ROOM);
	struct packet packet = { p, "files", sj_writer(buffer, COMMAND_ROOM) };
	int rc = buffer != NULL ? perso_target_identity(p) : cli_fail(p->cli, SJ_NO_MEMORY, NULL);

	for (unsigned f = SJ_DG1; rc == 0 && f <= SJ_EF_ATR_INFO; f++)
		rc = put_known(&packet, set, (enum sj_lds_file)f);
	for (unsigned i = 0; rc == 0 && i < FILES_SECTORS; i++)
		rc = put_file(&packet, "EF.CardSecurity", PARENT_MF, (uint16_t)(SECURITY_FID + i),
			      sj_span(set->security[i].bytes, set->security[i].len));
	if (rc == 0)
		rc = send_packet(&packet, true);
	free(buffer);
	return rc;
}
