"""Many networks of one shape learn, each by itself."""
from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mathwork._arguments import number
from mathwork._arrays import unmasked
from mathwork._levels import training as kernels
from mathwork._status import DIVERGED, INTERRUPTED, TRAINED
from mathwork._workers import checked_workers, over_rows
from mathwork.init.streams import seed_words
from mathwork.nn.networks import Networks
from mathwork.nn.training.answers import kernel_loss, lesson
from mathwork.nn.training.loop import learn
from mathwork.nn.training.progress import counter
from mathwork.nn.training.results import Trainings
from mathwork.nn.training.settings import settings
from mathwork.nn.training.single import seed_of, split, start, trainer_of, working_copy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, Literal

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import Rng
    from mathwork.nn.network import Network
    from mathwork.nn.training.loop import Course
    from mathwork.nn.training.progress import Counter
    from mathwork.nn.training.settings import Settings

CODES = {"trained": TRAINED, "stopped": TRAINED, "diverged": DIVERGED, "interrupted": INTERRUPTED}


def train_many(networks: Networks | Iterable[Network], inputs: ArrayLike, answers: ArrayLike, *,
               loss: Literal["squared_error", "cross_entropy", "huber"] = "squared_error",
               optimizer: Literal["sgd", "adam", "adamw", "lbfgs",
                                  "levenberg_marquardt"] = "adam",
               learning_rate: ArrayLike = 1e-3, batch_size: int | None = 32, epochs: int = 10,
               weights: ArrayLike | None = None, class_weight: Any = None,
               validation: float | tuple[ArrayLike, ArrayLike] | None = None,
               patience: int | None = None, tolerance: float = 0.0,
               schedule: Literal["linear", "cosine"] | Callable[[int], float] | None = None,
               shuffle: bool = True, momentum: float = 0.0, nesterov: bool = False,
               beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8,
               weight_decay: ArrayLike | None = None, delta: float = 1.0,
               rng: Rng | Sequence[Rng] = None, workers: int = 1,
               progress: bool | Callable[[int, int], object] | None = None) -> Trainings:
    """Train many networks of one shape, each by itself: see :func:`train`.

    Parameters
    ----------
    networks : Networks, or iterable of Network
        K of them.
    inputs : array_like, shape (n, n_in) or (K, n, n_in)
        The same rows for all networks, or rows for each.
    answers : array_like, shape (n, n_out), (n,), (K, n, n_out) or (K, n)
        As `train` takes them. They are for each network if `inputs` are, or if they have three
        axes.
    loss : {"squared_error", "cross_entropy", "huber"}, optional
    optimizer : {"sgd", "adam", "adamw", "lbfgs", "levenberg_marquardt"}, optional
    learning_rate : float, or array_like of shape (K,), optional
        One for all networks, or one for each.
    batch_size, epochs : int, optional
    weights : array_like, shape (n,) or (K, n), optional
    class_weight : "balanced", mapping or sequence, optional
    validation : float or (inputs, answers), optional
        A part of each network's rows, or data for all of them.
    patience : int, optional
    tolerance : float, optional
    schedule : {"linear", "cosine"} or callable, optional
    shuffle : bool, optional
    momentum, nesterov, beta1, beta2, eps : float, bool, optional
    weight_decay : float, or array_like of shape (K,), optional
        One for all networks, or one for each.
    delta : float, optional
        All of these mean what they mean in `train`.
    rng : int, numpy.random.Generator, SeedSequence, None, or a sequence of K of them
        One integer is the seed of every network: they see the rows in the same order. A Generator
        gives each network a seed in turn.
    workers : int, optional
        Threads; each trains one network at a time. They do not change a bit.
    progress : bool or callable, optional
        True: a bar on a terminal (needs rich). A function is called after every network with the
        number of those that are done, and K; all training stops if it returns True.

    Returns
    -------
    Trainings
        ``networks``, ``history`` and ``status``. No failure of a network stops the others. After
        Ctrl-C it has what has been learned.

    Raises
    ------
    TypeError, ValueError
        As `train` does, before anything is trained.

    Notes
    -----
    Each network has the bits that `train` gives it alone, with its `rng`, `learning_rate` and
    `weight_decay`.

    Examples
    --------
    >>> import numpy as np
    >>> from mathwork.nn import Network, train_many
    >>> x = np.linspace(-2, 2, 100).reshape(-1, 1)
    >>> nets = [Network.he((1, 8, 1), activation="tanh", output="identity", rng=seed)
    ...         for seed in range(5)]
    >>> nets, history, status = train_many(nets, x, np.sin(x), epochs=50, learning_rate=0.02,
    ...                                    rng=range(5))
    >>> nets
    Networks(5 of 1-8-1, tanh-identity, float32)
    >>> bool(abs(nets.mean(x) - np.sin(x)).max() < 0.2)
    True
    """
    nets = networks if isinstance(networks, Networks) else Networks(networks)
    count, like = len(nets), nets.like
    rates = each_of("learning_rate", learning_rate, count, above=0.0)
    decays = (None if weight_decay is None
              else each_of("weight_decay", weight_decay, count, least=0.0))
    plan = settings(optimizer=optimizer, learning_rate=1.0, momentum=momentum, nesterov=nesterov,
                    weight_decay=None if decays is None else float(decays.max()), beta1=beta1,
                    beta2=beta2, eps=eps, batch_size=batch_size, epochs=epochs, patience=patience,
                    tolerance=tolerance, shuffle=shuffle, schedule=schedule)
    plans = [plan._replace(rates=rate * plan.rates,
                           weight_decay=plan.weight_decay if decays is None else float(decays[k]))
             for k, rate in enumerate(rates)]
    delta = number(delta, "delta", above=0.0)
    kind = kernel_loss(like, loss)
    seeds = [seed_words(each) for each in rngs_of(rng, count)]
    model = working_copy(like, plan)

    own = own_rows(unmasked(inputs, "inputs"), unmasked(answers, "answers"),
                   None if weights is None else unmasked(weights, "weights"), count)

    def data_of(k: int) -> tuple[Any, Any]:
        """The rows of network k: to learn from, and to measure the loss with"""
        return split(model, lesson(
            model, inputs if own.inputs is None else own.inputs[k],
            answers if own.answers is None else own.answers[k], loss,
            weights if own.weights is None else own.weights[k], class_weight),
            validation, loss, seeds[k])

    # a part held out is another one for each network
    common = (all(array is None for array in own)
              and (validation is None or isinstance(validation, tuple | list)))
    first = data_of(0)
    if not common:
        for k in range(1, count):       # errors come before anything is trained
            data_of(k)
    job = Job(nets, model, plans, seeds, kind, delta, first, None if common else data_of)
    with counter(progress, count) as report:
        over_rows(lambda *_: job.work(report), min(count, workers := checked_workers(workers)),
                  workers)
    return job.result(validation is not None)


class Rows(NamedTuple):
    """What each network has for itself, with an axis of K in front; None: the same for all"""

    inputs: NDArray[Any] | None
    answers: NDArray[Any] | None
    weights: NDArray[Any] | None


def own_rows(inputs: Any, answers: Any, weights: Any, count: int) -> Rows:
    """Return what each of so many networks has for itself."""
    each = np.ndim(inputs) == 3
    own = Rows(inputs if each else None, answers if each or np.ndim(answers) == 3 else None,
               None if weights is None or np.ndim(weights) != 2 else weights)
    for name, array in zip(("inputs", "answers", "weights"), own, strict=True):
        if array is not None and len(array) != count:
            raise ValueError(f"{name} must be for all networks, or {count}, one set for each, "
                             f"got {len(array)}")
    return own


class Job:
    """The trainings of one call. Each thread takes the next network until none is left."""

    def __init__(self, networks: Networks, model: Network, plans: list[Settings],
                 seeds: list[list[int]], kind: str, delta: float, first: tuple[Any, Any],
                 data_of: Callable[[int], tuple[Any, Any]] | None) -> None:
        self.networks, self.model, self.plans, self.seeds = networks, model, plans, seeds
        self.kind, self.delta, self.first, self.data_of = kind, delta, first, data_of
        self.start = networks.parameters().astype(model.dtype, copy=False)
        self.courses: list[Course | None] = [None] * len(networks)
        self.next = itertools.count()
        self.stopped = False
        self.trainers: list[kernels.Trainer] = []
        self.caller = threading.get_ident()
        self.lock, self.active = threading.Lock(), 0
        self.ended = threading.Event()

    def work(self, report: Counter | None) -> None:
        """Train networks until none is left, or until an interrupt."""
        self._count(1)
        try:
            self._train_each(report)
        except KeyboardInterrupt:
            self._stop()
        except BaseException:
            self._stop()
            raise
        finally:
            self._count(-1)
        if threading.get_ident() == self.caller:
            # Ctrl-C comes to this thread alone, and is noticed where it runs Python
            try:
                self.ended.wait()
            except KeyboardInterrupt:
                self._stop()

    def _count(self, change: int) -> None:
        """Count the threads that are at work."""
        with self.lock:
            self.active += change
            (self.ended.clear if self.active else self.ended.set)()

    def _stop(self) -> None:
        """Have all threads stop at their next look, within milliseconds."""
        self.stopped = True
        for trainer in self.trainers:
            trainer.stopped = True

    def _train_each(self, report: Counter | None) -> None:
        samples = checked = None
        learned, held = self.first
        trainer = trainer_of(self.model, self.plans[0], self.kind, self.delta,
                             len(learned.inputs), 1)
        self.trainers.append(trainer)
        while not self.stopped and (k := next(self.next)) < len(self.courses):
            if self.data_of is not None:
                learned, held = self.data_of(k)
            if samples is None or self.data_of is not None:
                samples = kernels.Samples(trainer, *learned)
                checked = None if held is None else kernels.Samples(trainer, *held)
            plan = self.plans[k]
            start(trainer, self.start[k], plan)
            course = learn(trainer, samples, checked, plan,
                           seed_of(plan, self.seeds[k], samples.n), self._ask, False)
            if course.status == "stopped" and self.stopped:
                course = course._replace(status="interrupted")
            self.courses[k] = course
            if course.status == "interrupted" or (report is not None and report() is True):
                self._stop()

    def _ask(self, _: object) -> bool:
        """Whether another thread was interrupted"""
        return self.stopped

    def result(self, validated: bool) -> Trainings:
        """Return what was learned."""
        plan = self.plans[0]
        shape = len(self.courses), plan.epochs
        history = {"loss": np.full(shape, np.nan),
                   "learning_rate": np.array([each.rates for each in self.plans]).reshape(shape)}
        if validated:
            history["validation_loss"] = np.full(shape, np.nan)
        status = np.full(shape[0], INTERRUPTED, np.int8)
        parameters = self.start.copy()
        for k, course in enumerate(self.courses):
            if course is None:
                continue
            done = len(course.losses)
            parameters[k], status[k] = course.parameters, CODES[course.status]
            history["loss"][k, :done] = course.losses
            if validated:
                history["validation_loss"][k, :done] = course.validation_losses
        return Trainings(self.networks.with_parameters(parameters), history, status)


def each_of(name: str, given: ArrayLike, count: int, **bounds: float) -> NDArray[np.float64]:
    """Return one number for each network."""
    array = unmasked(given, name)
    if array.ndim == 0:
        return np.full(count, number(given, name, **bounds))
    if array.shape != (count,):
        raise ValueError(f"{name} must be one number, or have shape ({count},), one for each "
                         f"network, got {array.shape}")
    return np.array([number(each, name, **bounds) for each in array])


def rngs_of(rng: Any, count: int) -> list[Any]:
    """Return what seeds each network."""
    if not isinstance(rng, list | tuple | range | np.ndarray) or (
            isinstance(rng, np.ndarray) and rng.ndim == 0):
        return [rng] * count
    if len(rng) != count:
        raise ValueError(f"rng must be one for all networks, or {count}, one for each, "
                         f"got {len(rng)}")
    return list(rng)
