/* socket.h -- TCP sockets for links, every wait of which can be stopped. */
#ifndef CARD_LINK_SOCKET_H
#define CARD_LINK_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

enum card_wait { CARD_WAIT_READY, CARD_WAIT_TIMED_OUT, CARD_WAIT_STOPPED, CARD_WAIT_FAILED };

/*
 * Waits for `events` of poll() on fd (-1: just waits), at most `us` microseconds
 * (-1: without limit). STOPPED, before all else, while stop_fd (-1: none) is readable.
 */
enum card_wait card_socket_wait(int fd, short events, int64_t us, int stop_fd);

enum card_dial { CARD_DIAL_OK, CARD_DIAL_BAD_HOST, CARD_DIAL_REFUSED, CARD_DIAL_STOPPED };

/* Connects, non-blocking afterwards; *fd is valid with OK only. */
enum card_dial card_socket_dial(const char *host, uint16_t port, int stop_fd, int *fd);

/* Listens on 127.0.0.1; *port 0: a free one, which is stored there. -1 and errno. */
int card_socket_listen(uint16_t *port);
/* The next connection, non-blocking; -1: none after all (errno says why). */
int card_socket_accept(int fd);

/*
 * Acknowledge what comes at once. The kernel forgets this; without it before
 * every read and every write, vpcd, which sends a message in two pieces, waits
 * 40 ms for the delayed acknowledgement of the first.
 */
void card_socket_quick_ack(int fd);

#endif
