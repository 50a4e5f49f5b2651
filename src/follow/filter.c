/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A filter for those that run already. */
#include <stdio.h>
#include <string.h>

#include "follow/session.h"

int filter_inject(struct follow *follow, const struct engine_stop *stop)
{
	struct event event = session_event(follow, stop->task, EVENT_NOTE);
	char text[160];
	int error;

	if (!follow->request.inject || stop->task->filtered)
		return 0;
	if (stop->wait.kind != WAIT_INTERRUPTED) {
		engine_ask(stop->task);
		return 0;
	}
	error = engine_inject_filter(follow->engine, stop);
	event.text = text;
	if (error)
		snprintf(text, sizeof(text), "no filter could be injected (%s): every call stops",
			 strerror(-error));
	else
		snprintf(text, sizeof(text),
			 "process %d is under a filter now, for ever: it needs this tracer",
			 stop->task->pid);
	return session_emit(follow, &event);
}
