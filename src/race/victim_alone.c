/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The victim as a program of its own, for the libcs that the tool itself is not built with. */
#include "race/board.h"

int main(int argc, char **argv)
{
	return victim_main(argc, argv);
}
