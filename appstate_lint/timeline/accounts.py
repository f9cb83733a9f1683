"""Accounts: what is told of launchers, interpreted here, in other processes, or in an earlier analysis."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from pathlib import PurePosixPath
from typing import Any, NamedTuple, TypeVar

import msgspec

from appstate_lint import faults
from appstate_lint.frameworks import Tables
from appstate_lint.model import Gap, Place
from appstate_lint.project import Project
from appstate_lint.project.launchers import MODULE, Launchers, Root, ancestors, around, roots
from appstate_lint.project.mentions import Mentions
from appstate_lint.project.modules import Modules
from appstate_lint.sharing import shared
from appstate_lint.timeline import life as interpreter
from appstate_lint.timeline.lives import life_of, named
from appstate_lint.timeline.memory import Keys, Memory
from appstate_lint.timeline.phasing import NOTHING, Declared
from appstate_lint.timeline.records import NoneCall
from appstate_lint.timeline.told import CUT_SHORT, Life

Result = TypeVar("Result")


class Account(NamedTuple):
    """What is told of the life that one launcher starts; the interpreter's memory of it is let go."""

    root: Root
    lives: tuple[tuple[Life, str], ...]
    """The applications that it ends up with, and the file of the module that made each, empty where a function did."""
    mounted: tuple[Place, ...]
    """Where the applications of other modules are made that one of these mounts."""
    served: frozenset[Place]
    """Where the applications of modules are made that it serves."""
    unserved: frozenset[Place]
    """Where the applications of other files are made that it makes, but does not serve: it looks at them, say."""
    reached: frozenset[tuple[str, int]]
    imported: tuple[str, ...]
    dynamic: frozenset[tuple[str, int, bool, str]]
    given: frozenset[tuple[str, int, str]]
    none_calls: tuple[NoneCall, ...]
    finds: bool = False
    """Whether it may find code which no import leads to."""
    exhausted: bool = False
    fault: str = ""
    """What went wrong in the linter itself: then nothing is told."""


def _failed(root: Root, error: Exception) -> Account:
    """Return the account of a launcher in whose interpretation the linter failed."""
    fault, empty = faults.described(error), frozenset[Any]()
    return Account(root, (), (), empty, empty, empty, (), empty, empty, (), fault=fault)


def _account(run: interpreter.Life, root: Root, project: Project) -> Account:
    run.run_all()
    return Account(
        root=root,
        lives=tuple(
            (life_of(run, application, name, project), run.applications[application.site][1])
            for application, name in named(run, root, project)
        ),
        mounted=tuple(run.applications[each.site][2] for each in run.mounted_elsewhere()),
        served=frozenset(run.applications[site][2] for site in run.served if run.applications[site][1]),
        unserved=frozenset(run.applications[site][2] for site in run.unserved if not _is_here(run, site)),
        reached=frozenset(run.records.reached),
        imported=tuple(run.imported),
        dynamic=frozenset(run.records.dynamic),
        given=frozenset(run.records.given),
        none_calls=tuple(run.records.none_calls.values()),
        finds=not run.includers.isdisjoint(run.finders),
        exhausted=run.exhausted,
    )


def _is_here(run: interpreter.Life, site: str) -> bool:
    """Tell whether an application is made in the file of its launcher."""
    assert run.root is not None
    return run.applications[site][2].file == run.root.file


def lives_of(accounts: Iterable[Account], modules: Modules) -> list[Life]:
    """Return the lives that accounts tell, by name, without those of applications that another launcher fills.

    Where modules share a name (several services in one repository), their whole paths name the applications.
    """
    told: dict[tuple[str, str], Life] = {}
    filled: set[Place] = set()
    launched: set[tuple[str, str]] = set()
    for account in accounts:
        for life, made_in in account.lives:
            key = (life.name, account.root.file if is_launcher(account.root) else made_in or account.root.file)
            launches = is_launcher(account.root) or made_in not in ("", account.root.file)
            if launches:
                launched.add(key)
            if made_in and launches:
                filled.add(life.place)
                told[key] = life
            else:
                told.setdefault(key, life)
        filled |= {*account.mounted}
    kept = {key: life for key, life in told.items() if key in launched or life.place not in filled}
    homes = Counter(name for name, _ in kept)
    lives = (
        life if homes[name] == 1 else life._replace(name=f"{modules.whole_name(file)}:{name.partition(':')[2]}")
        for (name, file), life in kept.items()
    )
    return sorted(lives, key=lambda life: life.name)


def gaps_of(account: Account, project: Project) -> Iterator[Gap]:
    """Yield why what starts at a launcher was not judged; what was cut short in an application is told of that."""
    file, function = account.root.file, account.root.function
    facts = project.function(file, function) if function != MODULE else None
    line = facts.at[0] if facts is not None else 1
    where = f"{project.modules.by_path[file].module}:{facts.qualname if facts is not None else '<module>'}"
    if account.fault:
        text = f"{where}: {account.fault}, so what starts there was not judged; please report it"
        yield Gap(file, line, text, fault=True)
    elif account.exhausted and not account.lives:
        yield Gap(file, line, f"{where}: {CUT_SHORT}")


def is_launcher(root: Root) -> bool:
    """Tell whether a root is what people start: a function, or a module that is run itself."""
    return root.main or root.function != MODULE


class _Teller:
    """Interprets launchers, or remembers what others, or earlier analyses, found of them."""

    def __init__(
        self, project: Project, tables: Tables, mentions: Mentions, declared: Declared,
        factories: frozenset[tuple[str, int]], memory: Memory | None, jobs: int,
    ) -> None:  # fmt: skip
        self._project = project
        self._tables = tables
        self._mentions = mentions
        self._declared = declared
        self._factories = factories
        self._jobs = jobs
        self._memory = None if memory is None or declared != NOTHING else memory
        self._keys = Keys(self._memory, project, mentions, factories) if self._memory is not None else None

    def tell(self, root: Root, told: Set[Place] = frozenset()) -> Account:
        """Interpret one launcher."""
        life = interpreter.Life(
            self._project, self._tables, self._mentions, root, told, self._factories, self._declared
        )
        try:
            return _account(life, root, self._project)
        except Exception as error:
            return _failed(root, error)

    def all(self, roots: list[Root], told: Set[Place] = frozenset()) -> list[Account]:
        """Return the accounts of launchers, in their order."""
        files = {root: self._keys.files(root) for root in roots} if self._keys is not None else {}
        keys = {root: self._keys.key(root, files[root], told) for root in files} if self._keys is not None else {}
        known = {root: account for root in roots if (account := self._remembered(keys.get(root))) is not None}
        missing = [root for root in roots if root not in known]
        if self._jobs > 1:
            missing = _largest_first(missing, self._project)
        done = shared(lambda index: ENCODER.encode(self.tell(missing[index], told)), len(missing), self._jobs)
        for index, root in enumerate(missing):
            account = decoded(done[index], Account) if index in done else None
            known[root] = account if account is not None else self.tell(root, told)
            told_whole = not known[root].fault and not known[root].finds
            if root in keys and told_whole and files[root] >= {*known[root].imported}:
                self._remember(keys[root], known[root])
        return [known[root] for root in roots]

    def _remembered(self, key: bytes | None) -> Account | None:
        blob = self._memory.get(key) if self._memory is not None and key is not None else None
        return decoded(blob, Account) if blob is not None else None

    def _remember(self, key: bytes, account: Account) -> None:
        assert self._memory is not None
        with contextlib.suppress(ValueError, RecursionError, OverflowError):
            self._memory.put(key, ENCODER.encode(account))


def _largest_first(roots: list[Root], project: Project) -> list[Root]:
    """Return launchers by the number of files in their folders and below: then several processes end together."""
    sizes = Counter(str(folder) for file in project.facts for folder in PurePosixPath(file).parents)
    return sorted(roots, key=lambda root: -sizes[str(PurePosixPath(root.file).parent)])


ENCODER = msgspec.msgpack.Encoder()


def decoded(blob: bytes, kind: type[Result]) -> Result | None:
    """Return what is in a blob, None if there is nothing of that kind."""
    try:
        return msgspec.msgpack.decode(blob, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def all_accounts(
    project: Project, tables: Tables, mentions: Mentions, declared: Declared, memory: Memory | None, jobs: int
) -> list[Account]:
    """Interpret every launcher; where none leads to a place that makes an application, what is nearer to it."""
    found = roots(project, tables)
    teller = _Teller(project, tables, mentions, declared, found.factories, memory, jobs)
    accounts = teller.all([root for root in found.tops if is_launcher(root)])
    served = frozenset(place for account in accounts for place in account.served)
    accounts += teller.all([root for root in found.tops if not is_launcher(root)], served)
    reached = {each for account in accounts for each in account.reached}
    for maker in found.makers:
        for root in () if maker.function == MODULE else (*ancestors(maker, found.callers), maker):
            if (maker.file, maker.function) in reached:
                break
            if (root.file, root.function) in reached or root in found.tops or root.function == MODULE:
                continue
            (account,) = teller.all([root])
            reached |= account.reached
            accounts.append(_doubted(account, found.callers.get((root.file, root.function), ()), mentions))
    return [*accounts, *_served_elsewhere(teller, found, accounts)]


def _doubted(account: Account, callers: Iterable[Root], mentions: Mentions) -> Account:
    """Return an account of code whose ``callers`` were not seen to come to it: what they write may be there."""
    names = frozenset(
        name
        for caller in callers
        for index in around(mentions.project, caller)
        for name in mentions.written(caller.file, index)
    )
    lives = (
        (life._replace(written_somewhere=life.written_somewhere | names), made_in) for life, made_in in account.lives
    )
    return account._replace(lives=tuple(lives)) if names else account


def _served_elsewhere(teller: _Teller, found: Launchers, accounts: list[Account]) -> Iterator[Account]:
    """Interpret the functions that hand out applications which launchers make, but do not serve.

    What serves them is not in the code then: a server that is told their names on its command line.
    """
    left = {place for account in accounts for place in account.unserved} - set(_served(accounts))
    told = {account.root for account in accounts}
    for maker in found.makers:
        if maker.function == MODULE or not any(place.file == maker.file for place in left):
            continue
        home = maker.file.partition("/")[0]
        for root in (*ancestors(maker, found.callers), maker):
            if root in told or root.file.partition("/")[0] != home:
                continue
            told.add(root)
            (account,) = teller.all([root])
            if not left.isdisjoint(_served([account])):
                left.difference_update(_served([account]))
                yield account
                break


def _served(accounts: Iterable[Account]) -> Iterator[Place]:
    """Yield where the applications are made that launchers serve."""
    yield from (life.place for account in accounts for life, _ in account.lives if life.entry_points)
