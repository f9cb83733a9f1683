"""A linter that knows when application state exists.

The map of the house, from the doors down the river; imports go down only:

* ``cli``, ``plugin``: the doors (command line, pylint); ``cli_*`` are the larger commands and what all share,
  ``progress`` is the sign of life on a terminal;
* ``indexes``: what is found in the files that pylint shows; ``codes``: the names of rules, for pylint;
* ``engine``: sources → facts → project → timeline → findings; ``summary``: the report that tells them;
* ``selection``: findings → those to report: what is selected, ignored, silenced, accepted for now;
* ``fixing``: findings of misspelt names → the readers renamed; ``spelling``: what a name was meant to be;
* ``report``: findings → text; ``baseline``: the file of accepted findings; ``checks``: timeline → findings;
* ``migration``: what is left of the singletons that a project moves away from;
* ``contracts``: what a project declares of its components, compared with the timeline;
* ``timeline``: an application's life, interpreted on abstract values;
* ``closure``: which files are parsed; ``project``: the facts of all files, joined;
* ``cache``: facts by content, and what the last analysis found;
* ``facts``: one file's text → its flow; ``source``: finding and reading files;
* ``frameworks``: the tables of ``rules/`` and those of the project; ``schema``: what they say; ``config``: settings;
  ``settings_schema``: their JSON schema; ``choices``: what settings say of rules; ``model``: the words; ``files``:
  writing a file whole or not at all; ``sharing``: work done by several processes.
"""

TYPE_CHECKING = False  # nothing is imported here: ``python -m`` would look in the working directory first
if TYPE_CHECKING:
    from pylint.lint import PyLinter

__version__ = "0.1.0"


def register(linter: "PyLinter") -> None:
    """Register the checker with ``linter``: what pylint calls for ``load-plugins = ["appstate_lint"]``."""
    from appstate_lint import plugin

    plugin.register(linter)


def load_configuration(linter: "PyLinter") -> None:
    """Prepare for ``linter``'s configuration: what pylint calls once its options are read."""
    from appstate_lint import plugin

    plugin.load_configuration(linter)
