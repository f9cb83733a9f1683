"""Phase markers: what a call of one says, and where among the named phases the code goes on behind it."""

from __future__ import annotations

from appstate_lint.config import Edge
from appstate_lint.facts.flow import At
from appstate_lint.model import Phase
from appstate_lint.timeline.arguments import Arguments
from appstate_lint.timeline.frames import YieldHook
from appstate_lint.timeline.paths import Path
from appstate_lint.timeline.phasing import PHASE, Marker, earliest, positions
from appstate_lint.timeline.phasing import at as cell_at
from appstate_lint.timeline.presence import MISSING, Cell
from appstate_lint.timeline.values import FunctionValue, Keywords, Literal, Object, Unknown, Value, options, plain


class Marking(Arguments):
    """Moves paths among the named phases."""

    def come_to(self, position: int, path: Path, at: At) -> None:
        """Go on at a position."""
        self.frame.touched.add(PHASE)
        path.put(PHASE, cell_at(position))
        if not self.muted:
            self.records.entered.setdefault(position, self.place(at))

    def pass_markers(
        self, markers: tuple[Marker, ...], edge: Edge, function: FunctionValue | None, args: tuple[Value, ...],
        keywords: Keywords, path: Path, at: At,
    ) -> None:  # fmt: skip
        """Do what a call of phase markers does, of those that open or that close a phase."""
        if self.phasing is None or self.phase is not Phase.STARTUP or self.spawned:
            return
        for marker in markers:
            if marker.edge is edge:
                said = self.said(marker, function, args, keywords)
                if not self.muted:
                    self.records.marks.setdefault((marker.number, said), self.place(at))
                self.frame.touched.add(PHASE)
                before = earliest(positions(path.store))
                self.come_to(self.phasing.marked(marker, said, before), path, at)

    def outside(self, hook: YieldHook, before: Cell) -> YieldHook:
        """Return what runs at a ``yield`` of a function of a phase: that is not inside, but where its caller is."""

        def run(path: Path, value: Value) -> Value:
            inside = path.store.get(PHASE, MISSING)
            path.put(PHASE, before)
            result = hook(path, value)
            if self.phase is Phase.STARTUP:
                path.put(PHASE, inside)
            return result

        return run

    def said(
        self, marker: Marker, function: FunctionValue | None, args: tuple[Value, ...], keywords: Keywords
    ) -> tuple[str, ...]:
        """Return what a marker call gives for the phase: constants, and the names of members of enums."""
        params = self.project.function(function.file, function.index).params if function is not None else ()
        bound = function is not None and function.bound is not None
        names = tuple(each.name for each in params)[int(bound) :]
        keyword, place = marker.parameter(names)
        value = dict(keywords).get(keyword)
        if value is None and place is not None and place < len(args):
            value = args[place]
        given = options(plain(value)) if value is not None else ()
        return tuple(dict.fromkeys(word for each in given for word in self.words(each)))

    def words(self, value: Value) -> tuple[str, ...]:
        """Return what a value may be called in the settings: itself, or the names of members of enums."""
        members = self.phasing.members if self.phasing is not None else lambda each: ()
        match value:
            case Literal(value=constant):
                return (str(constant), *members(str(constant)))
            case Object(site=site):
                return members(site.partition("#")[0])
            case Unknown(hint=hint, origin=origin):
                return ((origin or hint).replace(":", ".").rpartition(".")[2],) if origin or hint else ()
        return ()
