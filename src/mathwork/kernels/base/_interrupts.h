/* Interrupts of long calls: Ctrl-C, other signal handlers, an end that another thread asks for.

   release_gil(work)     lets other threads run during a call of enough work
   interrupted(work)     counts work; true if the call shall end
   take_gil(state)       -1 if the call was interrupted: then its error is set

   A thread without the GIL counts its work. Behind LOOK_WORK it reads the clock, and every
   LOOK_SECONDS it takes the GIL and calls mathwork._workers.look(), which may raise. The error then
   stays set and every further interrupted() is true, so loops end one after the other; what they
   leave behind is memory that nobody reads. Calls without release_gil() never look: a short one,
   a loop of a ufunc, a C function that was called without Python. */
#ifndef MATHWORK_INTERRUPTS_H
#define MATHWORK_INTERRUPTS_H

#include <Python.h>
#include <float.h>
#include <math.h>
#include <time.h>

#include "_threads.h"

#define GIL_WORK 20000      /* multiply-adds, 1 to 2 us; taking the GIL back costs about 0.1 us */
#define LOOK_WORK 1e6       /* multiply-adds, 20 us to 1 ms; reading the clock costs 0.02 us */
#define LOOK_SECONDS 0.05   /* another thread may keep the GIL for 0.005 s each time */
#define NEVER DBL_MAX

#if defined(_MSC_VER)
#  define COLD __declspec(noinline)
__declspec(dllimport) unsigned long long __stdcall GetTickCount64(void);
static double seconds(void) { return GetTickCount64() * 1e-3; }
#else
#  define COLD __attribute__((noinline, cold, unused))
static COLD double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}
#endif

typedef struct {
    double left;            /* work until the clock is read; -INFINITY: the call shall end */
    double looked;          /* seconds; 0: not yet */
    PyThreadState *state;   /* to take the GIL with */
} Watch;

THREAD_LOCAL Watch watch = {NEVER, 0, NULL};
static PyObject *look = NULL;       /* mathwork._workers.look */

/* Take the GIL, look, release it. A signal handler may call this package: it gets a watch of its
   own. */
static COLD int look_up(void)
{
    Watch own = watch;
    PyObject *answer;
    watch.left = NEVER;
    PyEval_RestoreThread(own.state);
    answer = PyObject_CallNoArgs(look);
    Py_XDECREF(answer);
    own.left = answer == NULL ? -INFINITY : LOOK_WORK;
    own.state = PyEval_SaveThread();
    own.looked = seconds();
    watch = own;
    return answer == NULL;
}

static COLD int is_time(void)
{
    double now;
    if (watch.left == -INFINITY) return 1;
    watch.left = LOOK_WORK;
    now = seconds();
    if (watch.looked == 0) watch.looked = now;
    return now - watch.looked > LOOK_SECONDS && look_up();
}

static inline int interrupted(double work)
{
    return (watch.left -= work) <= 0 && is_time();
}

static inline PyThreadState *release_gil(double work)
{
    if (!(work > GIL_WORK)) return NULL;
    watch.left = LOOK_WORK;
    watch.looked = 0;
    return watch.state = PyEval_SaveThread();
}

static inline int take_gil(PyThreadState *state)
{
    int ended;
    if (state == NULL) return 0;
    ended = watch.left == -INFINITY;
    watch.left = NEVER;
    PyEval_RestoreThread(state);
    return -ended;
}

#endif
