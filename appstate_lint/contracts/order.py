"""Dependencies among contracts: cycles, and an order in which everything comes after what it depends on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def cycles(graph: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """Return one cycle of each group of components that depend on each other, from the first by name on.

    ``graph`` gives for each component those that it depends on.
    """
    found = []
    for group in _groups(graph):
        inside = set(group)
        if len(group) > 1 or group[0] in graph.get(group[0], ()):
            found.append(_cycle(graph, inside, min(group)))
    return sorted(found)


def in_order(graph: Mapping[str, Sequence[str]], first: Sequence[str]) -> list[str]:
    """Return all components of ``graph``, each behind those that it depends on, else in the order of ``first``."""
    rank = {name: number for number, name in enumerate(first)}
    ordered: list[str] = []
    done: set[str] = set()
    for start in sorted(graph, key=lambda name: (rank.get(name, len(rank)), name)):
        waiting = [(start, False)]
        open_: set[str] = set()
        while waiting:
            name, left = waiting.pop()
            if left:
                ordered.append(name)
                done.add(name)
            elif name not in done and name not in open_ and name in graph:
                open_.add(name)
                waiting.append((name, True))
                inner = sorted(graph[name], key=lambda each: (rank.get(each, len(rank)), each), reverse=True)
                waiting.extend((each, False) for each in inner)
    return list(dict.fromkeys(ordered))


def _groups(graph: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Return the strongly connected components of a graph (Tarjan, without recursion)."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    groups: list[list[str]] = []
    for start in graph:
        if start in number:
            continue
        work = [(start, 0)]
        while work:
            node, position = work.pop()
            if position == 0:
                number[node] = low[node] = len(number)
                stack.append(node)
                on_stack.add(node)
            following = [each for each in graph.get(node, ()) if each in graph]
            if position > 0:
                low[node] = min(low[node], low[following[position - 1]])
            while position < len(following) and following[position] in number:
                if following[position] in on_stack:
                    low[node] = min(low[node], number[following[position]])
                position += 1
            if position < len(following):
                work.append((node, position + 1))
                work.append((following[position], 0))
                continue
            if low[node] == number[node]:
                group: list[str] = []
                while not group or group[-1] != node:
                    group.append(stack.pop())
                    on_stack.discard(group[-1])
                groups.append(group)
    return groups


def _cycle(graph: Mapping[str, Sequence[str]], inside: set[str], start: str) -> tuple[str, ...]:
    """Return a shortest way from ``start`` back to it, within a group; it begins and ends with ``start``."""
    before: dict[str, str] = {}
    waiting = [start]
    while waiting:
        following = []
        for name in waiting:
            for each in sorted(inside & set(graph.get(name, ()))):
                if each == start:
                    way = [name]
                    while way[-1] != start:
                        way.append(before[way[-1]])
                    return (*reversed(way), start)
                if each not in before:
                    before[each] = name
                    following.append(each)
        waiting = following
    return (start,)
