import argparse
import logging

from fastapi import FastAPI

from switchboard.parts import Balancer, Discovery, Stats

logger = logging.getLogger(__name__)


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--backends", default="alpha,beta")
    parser.add_argument("--window", type=float, default=60.0)
    return parser.parse_args(words)


def initialize_discovery(app: FastAPI, args: argparse.Namespace) -> None:
    app.state.discovery = Discovery(args.backends.split(","))


def initialize_all(app: FastAPI, args: argparse.Namespace) -> None:
    """Fill the state of the application; it is not served yet."""
    initialize_discovery(app, args)
    logger.info("%d backends", len(app.state.discovery.backends))
    app.state.stats = Stats(args.window)
    app.state.balancer = Balancer(app.state.discovery)
