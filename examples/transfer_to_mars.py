"""
A transfer to Mars
==================

From a circle at Earth's distance a push along the way is enough to reach that of Mars half a turn
later (Hohmann's transfer). ``propagate`` carries the state along; its matrix of derivatives tells
by how much an error of the push would miss.
"""
import matplotlib.pyplot as plt
import numpy as np

from mathwork.constants import AU, DAY, GM_SUN
from mathwork.orbit import circular_speed, period, propagate, vis_viva

start, goal = AU, 1.5237 * AU
half = (start + goal) / 2
speed = vis_viva(start, half, mu=GM_SUN)
push = speed - circular_speed(start, mu=GM_SUN)
brake = circular_speed(goal, mu=GM_SUN) - vis_viva(goal, half, mu=GM_SUN)
duration = period(half, mu=GM_SUN) / 2
print(f"push {push:.0f} m/s, {duration / DAY:.1f} days on the way, push again {brake:.0f} m/s")

r, v, stm = propagate([start, 0, 0], [0, speed, 0], np.linspace(0, duration, 200), mu=GM_SUN,
                      stm=True)
print(f"arrives {np.linalg.norm(r[-1]) / AU:.6f} au from the Sun")
miss = np.linalg.norm(stm[-1, :3, 3:] @ [0, 1, 0])
print(f"1 m/s too much at the start misses by {miss / 1e3:,.0f} km")

# %%
# The same push, a little weaker and stronger: nine ways in one call.
pushes = speed + np.linspace(-400, 400, 9)
fan = propagate([start, 0, 0], np.stack([0 * pushes, pushes, 0 * pushes], axis=-1)[:, None],
                np.linspace(0, duration, 200), mu=GM_SUN)[0] / AU
figure, axis = plt.subplots(figsize=(6, 5))
turn = np.linspace(0, 2 * np.pi, 300)
for radius, name in ((1, "Earth"), (goal / AU, "Mars")):
    axis.plot(radius * np.cos(turn), radius * np.sin(turn), ":", color="grey")
    axis.text(0, -radius + 0.04, name, ha="center", color="grey")
for path in fan:
    axis.plot(*path[:, :2].T, color="C0", alpha=0.35, linewidth=1)
axis.plot(*r[:, :2].T / AU, color="C1", linewidth=2)
axis.plot(0, 0, "o", color="C5", markersize=10)
axis.set(aspect="equal", xlabel="au", ylabel="au")
plt.show()
