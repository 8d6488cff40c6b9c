/* SPDX-License-Identifier: MIT */
/*
 * poller.pml - who looks at a polled ring: submitter, poller, doorbell
 *
 *	spin -a poller.pml && cc -O2 -DSAFETY -o pan pan.c && ./pan
 *
 * finds no error; with one of -DNO_USER_BARRIER, -DNO_POLLER_BARRIER,
 * -DNO_RECHECK, -DNO_RESCUE, -DLEAVE_BUSY before the -a it finds that an SQE is
 * left.
 * tests/unit/poller-model.sh runs all of these.
 *
 * The machine has store buffers (x86-TSO: Sewell et al.,
 * CACM 53(7), 2010): a store is visible to others only when it has left the
 * buffer of its thread, at any later time; a full barrier and a locked
 * instruction wait for that.  Two locations matter, each written outside of a
 * lock on one side only: sq_tail (by the user) and need_wakeup (by the poller,
 * or by a doorbell, under poller->lock).
 *
 * The user makes SQES ops visible one by one and rings the doorbell only if
 * need_wakeup says so.  Some ops are for the caller only.  At the end, with
 * everybody asleep, nothing may be left in the queue.
 */
#ifndef SQES
#define SQES 3
#endif

byte sq_tail;			/* memory */
bool need_wakeup = 1;		/* memory */
byte sq_head;			/* the kernel's own, under ring_lock */

/* store buffers of one entry each suffice: a thread that wants to store the
 * same location again drains first, as a buffer in order would do at some time */
bool user_has;   byte user_tail;	/* sq_tail, in the user's buffer */
bool poll_has;   bool poll_need;	/* need_wakeup, in the poller's buffer */
bool bell_has;   bool bell_need;	/* need_wakeup, in the user's, by a doorbell */

bool ring_lock, poller_lock;
bool listed;			/* on the poller's list */
bool woken;			/* wake_up_process() */
bool rescue;			/* task work of the user's thread */
bool for_caller[SQES];		/* only the caller may run it */
bool asleep;			/* the poller */
bool submitted;			/* the user has done all of it */
byte ran[SQES];

/* the buffers drain at any time */
active proctype memory()
{
end:	do
	:: atomic { user_has -> sq_tail = user_tail; user_has = 0 }
	:: atomic { poll_has -> need_wakeup = poll_need; poll_has = 0 }
	:: atomic { bell_has -> need_wakeup = bell_need; bell_has = 0 }
	od
}

/* a full barrier of the user, of the poller */
inline user_mb() { atomic { !user_has && !bell_has } }
inline poll_mb() { atomic { !poll_has } }

/* a lock is a locked instruction: taking and leaving it drain the buffer */
inline user_lock(l) { atomic { !user_has && !bell_has && !l -> l = 1 } }
inline user_unlock(l) { atomic { !user_has && !bell_has -> l = 0 } }
inline poll_unlock(l) { atomic { !poll_has -> l = 0 } }

/* the user's thread, in the kernel: consume all, then have it polled */
inline doorbell()
{
	user_lock(ring_lock);
	tail = sq_tail;
	do
	:: sq_head < tail -> atomic { ran[sq_head]++; sq_head++ }
	:: else -> break
	od;
	user_lock(poller_lock);
	if
	:: !listed ->
		listed = 1;
		atomic { !bell_has -> bell_has = 1; bell_need = 0 };
		woken = 1
	:: else
	fi;
	user_unlock(poller_lock);
	user_unlock(ring_lock)
}

/* on the way to user mode, or interrupted in a call */
inline to_user_mode()
{
	do
	:: atomic { rescue -> rescue = 0 };
		doorbell()
	:: else -> break
	od
}

active proctype user()
{
	byte n, tail;
	bool need;

	/* which ops are for the caller: all ways */
	for (n : 0 .. SQES - 1) {
		if
		:: for_caller[n] = 0
		:: for_caller[n] = 1
		fi
	}
	n = 0;
	do
	:: n < SQES ->
		n++;
		atomic { !user_has -> user_has = 1; user_tail = n };
		/* it sleeps: no barrier is needed to know that it is to be woken */
		need = (bell_has -> bell_need : need_wakeup);
		if
		:: need
		:: else ->
#ifndef NO_USER_BARRIER
			user_mb();
#endif
			need = (bell_has -> bell_need : need_wakeup)
		fi;
		if
		:: need ->
			doorbell();
			to_user_mode()
		:: else
		fi
	:: else -> break
	od;
	submitted = 1;
	/* blocked in a call for ever, but for task work */
end:	do
	:: rescue -> to_user_mode()
	od
}

/* XSC_RETIRE_IDLE */
inline retire_idle()
{
	atomic { !poller_lock && !poll_has -> poller_lock = 1 };
	if
	:: listed ->
		atomic { !poll_has -> poll_has = 1; poll_need = 1 };
#ifndef NO_POLLER_BARRIER
		poll_mb();
#endif
		if
#ifndef NO_RECHECK
		:: sq_head != sq_tail ->
			atomic { !poll_has -> poll_has = 1; poll_need = 0 }
		:: else -> listed = 0
#else
		:: listed = 0
#endif
		fi
	:: else
	fi;
	poll_unlock(poller_lock)
}

/* XSC_RETIRE_LEAVE: what is there is somebody else's */
inline retire_busy()
{
	atomic { !poller_lock && !poll_has -> poller_lock = 1 };
	if
	:: listed ->
		atomic { !poll_has -> poll_has = 1; poll_need = 1 };
		poll_mb();
		listed = 0
	:: else
	fi;
	poll_unlock(poller_lock)
}

active proctype poller()
{
	byte tail;
	bool leave;

	do
	:: listed && sq_head != sq_tail ->
		/* consume, unless a doorbell does it now */
		if
		:: atomic { !ring_lock && !poll_has -> ring_lock = 1 };
			tail = sq_tail;
			leave = 0;
			do
			:: sq_head < tail && !for_caller[sq_head] ->
				atomic { ran[sq_head]++; sq_head++ }
			:: sq_head < tail && for_caller[sq_head] ->
				leave = 1; break
			:: else -> break
			od;
			poll_unlock(ring_lock);
			if
			:: leave -> /* XSC_RETIRE_RESCUE */
				atomic { !poller_lock && !poll_has -> poller_lock = 1 };
				if
				:: listed ->
					atomic { !poll_has -> poll_has = 1; poll_need = 1 };
					poll_mb();
#ifndef NO_RESCUE
					if
					:: sq_head != sq_tail -> rescue = 1
					:: else
					fi;
#endif
					listed = 0
				:: else
				fi;
				poll_unlock(poller_lock)
			:: else
			fi
		:: ring_lock -> skip
		:: ring_lock ->
			/* long enough in the way: the poller has been idle, and the
			 * doorbell may be over, with SQEs behind it */
#ifndef LEAVE_BUSY
			retire_idle()
#else
			retire_busy()
#endif
		fi
	:: listed && sq_head == sq_tail -> /* at any time */
		retire_idle()
	:: !listed ->
		/* set_current_state(); look at the list once more; schedule() */
		asleep = 1;
end:		atomic { (woken || listed) -> woken = 0; asleep = 0 }
	od
}

/*
 * When nothing moves any more all has been consumed, and each op ran once.  The
 * timeout is spin's own: no other process can take a step.
 */
active proctype quiescent()
{
	byte i;

	timeout;
	assert(submitted);
	assert(sq_head == SQES);
	for (i : 0 .. SQES - 1) {
		assert(ran[i] == 1)
	}
}
