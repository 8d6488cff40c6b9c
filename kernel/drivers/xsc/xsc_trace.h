/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xsc_trace.h - tracepoints xsc:*
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM xsc

#if !defined(_XSC_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _XSC_TRACE_H

#include <linux/tracepoint.h>
#include <linux/xsc.h>

/* So that trace-cmd and perf can print the names. */
TRACE_DEFINE_ENUM(XSC_WAY_DIRECT);
TRACE_DEFINE_ENUM(XSC_WAY_BATCH);
TRACE_DEFINE_ENUM(XSC_WAY_RING);
TRACE_DEFINE_ENUM(XSC_DOOR_SYSCALL);
TRACE_DEFINE_ENUM(XSC_DOOR_NUMBER);
TRACE_DEFINE_ENUM(XSC_DOOR_COMPAT);
TRACE_DEFINE_ENUM(XSC_DOOR_INT80);
TRACE_DEFINE_ENUM(XSC_DOOR_VSYSCALL);

#define xsc_show_way(way)				\
	__print_symbolic(way,				\
			 { XSC_WAY_DIRECT, "direct" },	\
			 { XSC_WAY_BATCH, "batch" },	\
			 { XSC_WAY_RING, "ring" })

#define xsc_show_door(door)					\
	__print_symbolic(door,					\
			 { XSC_DOOR_SYSCALL, "syscall" },	\
			 { XSC_DOOR_NUMBER, "number" },		\
			 { XSC_DOOR_COMPAT, "compat" },		\
			 { XSC_DOOR_INT80, "int80" },		\
			 { XSC_DOOR_VSYSCALL, "vsyscall" })

/* An op has run.  Fires once per op, whatever the way in. */
TRACE_EVENT(xsc_op,
	TP_PROTO(unsigned int way, u32 nr, s64 ret),
	TP_ARGS(way, nr, ret),
	TP_STRUCT__entry(
		__field(u32, way)
		__field(u32, nr)
		__field(s64, ret)
	),
	TP_fast_assign(
		__entry->way = way;
		__entry->nr = nr;
		__entry->ret = ret;
	),
	TP_printk("way=%s nr=%u ret=%lld", xsc_show_way(__entry->way),
		  __entry->nr, __entry->ret)
);

/* A batch or a doorbell has ended: one kernel entry. */
TRACE_EVENT(xsc_container,
	TP_PROTO(unsigned int way, u32 ops, s64 ret),
	TP_ARGS(way, ops, ret),
	TP_STRUCT__entry(
		__field(u32, way)
		__field(u32, ops)
		__field(s64, ret)
	),
	TP_fast_assign(
		__entry->way = way;
		__entry->ops = ops;
		__entry->ret = ret;
	),
	TP_printk("way=%s ops=%u ret=%lld", xsc_show_way(__entry->way),
		  __entry->ops, __entry->ret)
);

/* The trap guard has refused an attempt. */
TRACE_EVENT(xsc_trap,
	TP_PROTO(unsigned int door, int nr, unsigned long ip),
	TP_ARGS(door, nr, ip),
	TP_STRUCT__entry(
		__field(u32, door)
		__field(int, nr)
		__field(unsigned long, ip)
	),
	TP_fast_assign(
		__entry->door = door;
		__entry->nr = nr;
		__entry->ip = ip;
	),
	TP_printk("door=%s nr=%d ip=0x%lx", xsc_show_door(__entry->door),
		  __entry->nr, __entry->ip)
);

/* execve has looked at a file's note. */
TRACE_EVENT(xsc_exec,
	TP_PROTO(const char *filename, bool xsc, const char *reason, int err),
	TP_ARGS(filename, xsc, reason, err),
	TP_STRUCT__entry(
		__string(filename, filename)
		__field(bool, xsc)
		__string(reason, reason)
		__field(int, err)
	),
	TP_fast_assign(
		__assign_str(filename, filename);
		__entry->xsc = xsc;
		__assign_str(reason, reason);
		__entry->err = err;
	),
	TP_printk("file=%s xsc=%d reason=%s err=%d", __get_str(filename),
		  __entry->xsc, __get_str(reason), __entry->err)
);

#endif /* _XSC_TRACE_H */

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH ../../drivers/xsc
#define TRACE_INCLUDE_FILE xsc_trace
#include <trace/define_trace.h>
