/*
 * ifd.c -- a driver for pcscd whose reader is plugged in as long as the file PATH of its device name
 * "/dev/null:PATH" is there; its card answers 9000 to everything.
 */
#include <ifdhandler.h>
#include <string.h>
#include <unistd.h>

#include "tests/world/ifd.h"

/* pcscd gives numbers and no place to keep anything. */
static char device[IFD_PATH_MAX];

static RESPONSECODE plugged(void)
{
	return access(device, F_OK) == 0 ? IFD_SUCCESS : IFD_COMMUNICATION_ERROR;
}

RESPONSECODE IFDHCreateChannelByName(DWORD lun, LPSTR name)
{
	const char *path = strchr(name, ':'); /* before it what pcscd wants to see there */

	(void)lun;
	if (!path || strlen(path) > sizeof(device))
		return IFD_COMMUNICATION_ERROR;
	strcpy(device, path + 1);
	return plugged();
}

RESPONSECODE IFDHCreateChannel(DWORD lun, DWORD channel)
{
	(void)lun;
	(void)channel;
	return IFD_NOT_SUPPORTED;
}

RESPONSECODE IFDHCloseChannel(DWORD lun)
{
	(void)lun;
	return IFD_SUCCESS;
}

static RESPONSECODE give_number(unsigned char number, PDWORD len, PUCHAR value)
{
	*value = number;
	*len = 1;
	return IFD_SUCCESS;
}

RESPONSECODE IFDHGetCapabilities(DWORD lun, DWORD tag, PDWORD len, PUCHAR value)
{
	(void)lun;
	switch (tag) {
	case TAG_IFD_SIMULTANEOUS_ACCESS:
	case TAG_IFD_SLOTS_NUMBER:
		return give_number(1, len, value);
	case TAG_IFD_SLOT_THREAD_SAFE:
	case TAG_IFD_THREAD_SAFE:
		return give_number(0, len, value);
	default:
		return IFD_ERROR_TAG;
	}
}

RESPONSECODE IFDHSetCapabilities(DWORD lun, DWORD tag, DWORD len, PUCHAR value)
{
	(void)lun;
	(void)tag;
	(void)len;
	(void)value;
	return IFD_NOT_SUPPORTED;
}

RESPONSECODE IFDHSetProtocolParameters(DWORD lun, DWORD protocol, UCHAR flags, UCHAR pts1,
				       UCHAR pts2, UCHAR pts3)
{
	(void)lun;
	(void)protocol;
	(void)flags;
	(void)pts1;
	(void)pts2;
	(void)pts3;
	return IFD_SUCCESS;
}

RESPONSECODE IFDHPowerICC(DWORD lun, DWORD action, PUCHAR atr, PDWORD len)
{
	static const UCHAR bytes[] = { 0x3B, 0x80, 0x80, 0x01, 0x01 };

	(void)lun;
	(void)action;
	memcpy(atr, bytes, sizeof(bytes));
	*len = sizeof(bytes);
	return plugged();
}

RESPONSECODE IFDHTransmitToICC(DWORD lun, SCARD_IO_HEADER send, PUCHAR out, DWORD out_len,
			       PUCHAR in, PDWORD in_len, PSCARD_IO_HEADER receive)
{
	(void)lun;
	(void)send;
	(void)out;
	(void)out_len;
	(void)receive;
	memcpy(in, "\x90\x00", 2);
	*in_len = 2;
	return plugged();
}

RESPONSECODE IFDHControl(DWORD lun, DWORD code, PUCHAR out, DWORD out_len, PUCHAR in, DWORD cap,
			 LPDWORD in_len)
{
	(void)lun;
	(void)code;
	(void)out;
	(void)out_len;
	(void)in;
	(void)cap;
	*in_len = 0;
	return IFD_ERROR_NOT_SUPPORTED;
}

RESPONSECODE IFDHICCPresence(DWORD lun)
{
	(void)lun;
	return plugged() == IFD_SUCCESS ? IFD_ICC_PRESENT : IFD_COMMUNICATION_ERROR;
}
