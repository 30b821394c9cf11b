"""One network learns."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mathwork._arguments import number
from mathwork._levels import training as kernels
from mathwork._workers import checked_workers
from mathwork.init.streams import seed_words
from mathwork.nn.training.answers import Lesson, kernel_loss, lesson
from mathwork.nn.training.loop import Course, learn
from mathwork.nn.training.progress import reporter
from mathwork.nn.training.results import DivergenceError, Training
from mathwork.nn.training.settings import WHOLE_DATA, Settings, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Literal

    from numpy.typing import ArrayLike

    from mathwork._types import FloatArray, Rng
    from mathwork.nn.network import Network
    from mathwork.nn.training.loop import Report
    from mathwork.nn.training.results import History

MOST_SQUARED = 4000         # parameters, whose squares are the size of the normal equations


def train(network: Network, inputs: ArrayLike, answers: ArrayLike, *,
          loss: Literal["squared_error", "cross_entropy", "huber"] = "squared_error",
          optimizer: Literal["sgd", "adam", "adamw", "lbfgs", "levenberg_marquardt"] = "adam",
          learning_rate: float = 1e-3, batch_size: int | None = 32, epochs: int = 10,
          weights: ArrayLike | None = None,
          class_weight: Literal["balanced"] | Mapping[Any, float] | Sequence[float] | None = None,
          validation: float | tuple[ArrayLike, ArrayLike] | None = None,
          patience: int | None = None, tolerance: float = 0.0,
          schedule: Literal["linear", "cosine"] | Callable[[int], float] | None = None,
          shuffle: bool = True, momentum: float = 0.0, nesterov: bool = False,
          beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8,
          weight_decay: float | None = None, delta: float = 1.0, rng: Rng = None,
          workers: int = 1,
          progress: bool | Callable[[Report], object] | None = None) -> Training:
    """Train a network: find parameters that make its outputs close to the answers.

    Parameters
    ----------
    network : Network
        It stays as it is. Its parameters are where training starts, so training goes on if it is
        given a trained network. Its dtype is that of all arithmetic.
    inputs : array_like, shape (n, n_in)
        Finite.
    answers : array_like, shape (n, n_out) or (n,)
        Numbers, one for each output; (n,) if there is one output. For a cross entropy: labels of
        shape (n,), or probabilities of shape (n, n_out). Labels are integers from 0, or classes of
        the network (``network.classes_``).
    loss : {"squared_error", "cross_entropy", "huber"}, optional
        Of a row; see Notes. A step goes down the mean over its batch.
    optimizer : str, optional
        "sgd", "adam" or "adamw" take a step for each batch. "lbfgs" and "levenberg_marquardt" take
        one for all rows, an epoch; they choose its length, and `batch_size` and `learning_rate` do
        not count. "levenberg_marquardt" is for up to a few thousand parameters and losses
        "squared_error".
    learning_rate : float, optional
        Above 0.
    batch_size : int or None, optional
        Rows of a step, at least 1; the last one of an epoch has what is left. None: all rows.
    epochs : int, optional
        How often each row is seen.
    weights : array_like, shape (n,), optional
        At least 0: how much each row's loss counts. They are scaled to a mean of 1.
    class_weight : "balanced", mapping or sequence, optional
        The weight of each class, for a cross entropy with labels. "balanced": ``n / (classes *
        rows of the class)``.
    validation : float or (inputs, answers), optional
        Data to measure the loss with, after every epoch. A number between 0 and 1 holds out that
        part of the rows, which `rng` chooses.
    patience : int, optional
        Stop after more epochs than this without a lower loss, and give the network with the lowest.
        It is the validation loss if there is one.
    tolerance : float, optional
        A lower loss counts for `patience` if it is lower by more than this.
    schedule : {"linear", "cosine"} or callable, optional
        The factor of `learning_rate` in an epoch: from 1 to 0 as a line or half a wave, or what the
        function returns for the number of the epoch, counted from 0.
    shuffle : bool, optional
        Whether every epoch takes the rows in another order, which `rng` chooses.
    momentum, nesterov : float, bool, optional
        Of "sgd".
    beta1, beta2, eps : float, optional
        Of "adam" and "adamw".
    weight_decay : float, optional
        An L2 penalty d: ``d / 2`` times the squares of all parameters is added to the loss, but not
        in the history. "levenberg_marquardt" has none. For "adamw", what weights lose in a step,
        times `learning_rate`. The default is 0, for "adamw" 0.01.
    delta : float, optional
        Where the Huber loss becomes a line.
    rng : int, numpy.random.Generator, SeedSequence or None, optional
        A seed, a source, or fresh entropy.
    workers : int, optional
        Threads for a batch of more than 128 rows. They do not change a bit.
    progress : bool or callable, optional
        True: a bar on a terminal (needs rich). A function is called after every epoch with a report
        that has ``epoch epochs loss validation_loss``; training stops if it returns True.

    Returns
    -------
    Training
        ``network``, ``history`` and ``status``. After Ctrl-C it has what has been learned.

    Raises
    ------
    TypeError
        For arguments of another kind.
    ValueError
        For shapes that do not fit, NaN and infinity in inputs or answers, labels out of range, and
        settings out of range.
    DivergenceError
        If a loss is not finite, or a parameter at the end of an epoch. The last network that began
        an epoch with a finite loss is attached.

    Notes
    -----
    Losses of a row with outputs y and answers t:

    - ``sum (y - t)^2``, the cost of :func:`cost`; torch's MSELoss also divides by n_out.
    - cross entropy, of a softmax: ``-sum t log(y)``; of a sigmoid: ``-sum t log(y) + (1 - t)
      log(1 - y)``. Outputs of an identity are logits.
    - Huber, with e = y - t: ``sum e^2 / 2`` where ``|e| <= delta``, else ``delta (|e| - delta /
      2)``.

    A batch is cut into pieces of 128 rows, and their gradients are added in order. So a seed gives
    the same bits with any number of workers and at every level of kernels with fused multiply-add.
    Derivatives at kinks are those of PyTorch: 0 for relu at 0. The slopes of prelu, alpha of elu
    and other parameters of activations stay as they are.

    References
    ----------
    Kingma, Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015. Loshchilov, Hutter,
    "Decoupled Weight Decay Regularization", ICLR 2019. Nocedal, Wright, "Numerical Optimization",
    2006, algorithms 7.5 (L-BFGS) and 10.3.

    Examples
    --------
    >>> from mathwork.nn import Network, train
    >>> x = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> net = Network.he((2, 8, 1), activation="tanh", rng=0)
    >>> net, history = train(net, x, [0, 1, 1, 0], loss="cross_entropy", epochs=200,
    ...                      learning_rate=0.05, rng=0)
    >>> net.classify(x)
    array([0, 1, 1, 0])
    """
    plan = settings(optimizer=optimizer, learning_rate=learning_rate, weight_decay=weight_decay,
                    momentum=momentum, nesterov=nesterov, beta1=beta1, beta2=beta2, eps=eps,
                    batch_size=batch_size, epochs=epochs, patience=patience, tolerance=tolerance,
                    shuffle=shuffle, schedule=schedule)
    delta = number(delta, "delta", above=0.0)
    workers = checked_workers(workers)
    kind = kernel_loss(network, loss)
    seed = seed_words(rng)
    model = working_copy(network, plan)
    learned, held = split(model, lesson(model, inputs, answers, loss, weights, class_weight),
                          validation, loss, seed)
    trainer = trainer_of(model, plan, kind, delta, len(learned.inputs), workers)
    start(trainer, model.parameters(), plan)
    samples = kernels.Samples(trainer, *learned)
    checked = None if held is None else kernels.Samples(trainer, *held)
    with reporter(progress, plan.epochs) as report:
        course = learn(trainer, samples, checked, plan, seed_of(plan, seed, samples.n), report,
                       progress is not True)
    return training_of(network, plan, course, checked is not None)


def working_copy(network: Network, plan: Settings) -> Network:
    """Return the network that is trained: in float64 if the optimiser works in it."""
    if plan.optimizer not in WHOLE_DATA:
        return network
    if plan.optimizer == "levenberg_marquardt" and network.n_parameters > MOST_SQUARED:
        raise ValueError(f"levenberg_marquardt takes at most {MOST_SQUARED} parameters, this "
                         f"network has {network.n_parameters}: take \"lbfgs\"")
    return type(network)(network.layers, dtype=np.float64, classes=network.classes_,
                         multilabel=network.multilabel)


def trainer_of(network: Network, plan: Settings, loss: str, delta: float, rows: int,
               workers: int) -> kernels.Trainer:
    """Return the kernel that trains a network of this shape."""
    if plan.optimizer == "levenberg_marquardt" and loss != "squared_error":
        raise ValueError("levenberg_marquardt is for the loss squared_error")
    batch = None if plan.optimizer in WHOLE_DATA else plan.batch_size
    return kernels.Trainer(network.layers, network.dtype, loss, delta, batch or rows, workers)


def start(trainer: kernels.Trainer, parameters: FloatArray, plan: Settings) -> None:
    """Start anew from these parameters."""
    trainer.set_parameters(parameters)
    if plan.optimizer not in WHOLE_DATA:
        trainer.set_rule(plan.optimizer, 0.0, **plan.rule())


def split(network: Network, data: Lesson, validation: Any, loss: str, seed: list[int]
          ) -> tuple[Lesson, Lesson | None]:
    """Return the rows to learn from, and those to measure the loss with."""
    if validation is None:
        return data, None
    if isinstance(validation, tuple | list):
        if len(validation) != 2:
            raise ValueError("validation must be a part of the rows or (inputs, answers), got "
                             f"{len(validation)} items")
        inputs, answers = validation
        return data, lesson(network, inputs, answers, loss,
                            names=("inputs of validation", "answers of validation"))
    part = number(validation, "validation", above=0.0, below=1.0)
    rows = len(data.inputs)
    held = min(max(1, round(part * rows)), rows - 1)
    if held < 1:
        raise ValueError("validation needs at least two rows, one to hold out, got 1")
    order = np.random.default_rng(seed).permutation(rows)

    def taken(chosen: Any) -> Lesson:
        return Lesson(data.inputs[chosen], data.answers[chosen],
                      None if data.weights is None else data.weights[chosen])

    return taken(np.sort(order[held:])), taken(np.sort(order[:held]))


def seed_of(plan: Settings, seed: list[int], rows: int) -> list[int] | None:
    """Return the words that choose the order of rows; None where the order does not matter."""
    whole = plan.batch_size is None or plan.batch_size >= rows or plan.optimizer in WHOLE_DATA
    return None if whole or not plan.shuffle else seed[:3]


def history_of(plan: Settings, course: Course, validated: bool) -> History:
    """Return the arrays of a history."""
    done = len(course.losses)
    history = {"loss": course.losses, "learning_rate": plan.rates[:done].copy()}
    if validated:
        history["validation_loss"] = course.validation_losses
    return history


def training_of(network: Network, plan: Settings, course: Course, validated: bool) -> Training:
    """Return what was learned, or raise for a divergence."""
    learned = network.with_parameters(course.parameters)
    history = history_of(plan, course, validated)
    if course.status == "diverged":
        epoch = len(course.losses)
        raise DivergenceError(
            f"the loss is not finite in epoch {epoch}, row {course.row}: a lower learning_rate "
            f"than {plan.rates[epoch]:g}, or inputs near 1, may help; the last network that began "
            "an epoch with a finite loss is .network of this error",
            learned, history, epoch, course.row)
    status: Any = course.status
    return Training(learned, history, status)
