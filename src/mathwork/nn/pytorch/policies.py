"""The networks in the policies of Stable-Baselines3: the action that they take, without chance.

PPO, A2C     features, policy net, action net; actions of a Box are bounded by its sides
SAC          features, latent net, mean, tanh; then from -1..1 to the sides of the Box
TD3, DDPG    the same with a net that ends in tanh
DQN          features, Q net: one value an action

So the outputs are what `predict(observation, deterministic=True)` gives. For discrete actions they
are logits or values, and the action is the largest: `Network.classify`.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Any

LIBRARIES = ("stable_baselines3.", "sb3_contrib.")


def network_of_policy(torch: Any, module: Any) -> tuple[Any, int] | None:
    """(a module that computes the deterministic action, its inputs); None for any other module"""
    kinds = [f"{kind.__module__.split('.')[1]}.{kind.__name__}" for kind in type(module).__mro__
             if kind.__module__.startswith(LIBRARIES)]
    names = {kind.partition(".")[2] for kind in kinds}
    if "RecurrentActorCriticPolicy" in names:
        raise _refusal(module, "it is recurrent: its state from one observation to the next is no "
                               "input of a network")
    if "ActorCriticPolicy" in names:
        extractor = (module.features_extractor if module.share_features_extractor
                     else module.pi_features_extractor)
        parts = [extractor, module.mlp_extractor.policy_net, module.action_net]
        return _steps(torch, module, parts, "squash" if module.squash_output else "clip")
    if "DQNPolicy" in names:
        return network_of_policy(torch, module.q_net)
    if "QNetwork" in names:
        return _steps(torch, module, [module.features_extractor, module.q_net], None)
    if names & {"SACPolicy", "TD3Policy"}:
        steps, count = network_of_policy(torch, module.actor)       # type: ignore[misc]
        return _steps(torch, module, [steps], "unscale", count)
    if "sac.Actor" in kinds:
        return _steps(torch, module, [module.features_extractor, module.latent_pi, module.mu,
                                      torch.nn.Tanh()], None)
    if "td3.Actor" in kinds:
        return _steps(torch, module, [module.features_extractor, module.mu], None)
    if "BasePolicy" in names:
        raise _refusal(module, "known are the policies of PPO, A2C, SAC, TD3, DDPG and DQN; a part "
                               "of it that is a chain of layers can be read alone")
    return None


def _refusal(module: Any, reason: str) -> ValueError:
    return ValueError(f"{type(module).__name__} has no counterpart in mathwork: {reason}")


def _steps(torch: Any, policy: Any, parts: list[Any], end: str | None, count: int | None = None
           ) -> tuple[Any, int]:
    """(the parts one after the other, as one module; its inputs)"""
    space = policy.observation_space
    if count is None:
        count = _inputs(policy, space)
    image = (getattr(policy, "normalize_images", False) and len(getattr(space, "shape", None) or ())
             == 3 and str(space.dtype) == "uint8" and end != "unscale")
    low, high = _bounds(torch, policy.action_space) if end else (None, None)

    class Policy(torch.nn.Module):      # type: ignore[misc]  # of a library without types
        def __init__(self) -> None:
            super().__init__()
            self.parts = torch.nn.ModuleList(parts)

        def forward(self, x: Any) -> Any:
            if image:
                x = x / 255.0
            for part in self.parts:
                x = part(x)
            if end == "squash":
                x = torch.tanh(x)
            if low is None:
                return x
            if end == "clip":
                return torch.clamp(x, low, high)
            return low + 0.5 * (x + 1.0) * (high - low)

    return Policy(), count


def _inputs(policy: Any, space: Any) -> int:
    """How many numbers an observation is; a discrete one is a 1 among zeros"""
    name = type(space).__name__
    if name == "Box" or name == "MultiBinary":
        return int(np.prod(space.shape))
    if name == "Discrete":
        return int(space.n)
    if name == "MultiDiscrete":
        return int(np.sum(space.nvec))
    raise _refusal(policy, f"its observations are a {name}, of which a network takes one row: give "
                           "the parts that take one, such as policy.mlp_extractor.policy_net and "
                           "policy.action_net in a Sequential")


def _bounds(torch: Any, space: Any) -> tuple[Any, Any]:
    """The sides of a Box, as numbers where all are equal; None for other actions"""
    if type(space).__name__ != "Box":
        return None, None
    low, high = np.ravel(space.low), np.ravel(space.high)
    if np.isinf(low).all() and np.isinf(high).all():
        return None, None
    if (low == low[0]).all() and (high == high[0]).all():
        return float(low[0]), float(high[0])
    return torch.as_tensor(low), torch.as_tensor(high)
