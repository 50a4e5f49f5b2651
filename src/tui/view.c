/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/view.h"

const struct view_ops *view_ops(enum view_id view)
{
	static const struct view_ops *const all[N_VIEWS] = {
		[VIEW_LOCKS] = &locks_view,   [VIEW_THREADS] = &threads_view,
		[VIEW_GRAPH] = &graph_view,   [VIEW_PROBLEMS] = &problems_view,
		[VIEW_DETAIL] = &detail_view, [VIEW_HELP] = &help_view,
	};

	return all[view];
}
