class Queue:
    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.jobs: list[str] = []

    def put(self, job: str) -> None:
        self.jobs.append(job)


class Results:
    def __init__(self) -> None:
        self.done: dict[str, int] = {}

    def put(self, job: str, size: int) -> None:
        self.done[job] = size


class Worker:
    def __init__(self, queue: Queue, results: Results) -> None:
        self.queue = queue
        self.results = results

    def check(self) -> int:
        return self.queue.capacity - len(self.queue.jobs)

    def work(self) -> None:
        for job in self.queue.jobs:
            self.results.put(job, len(job))
        self.queue.jobs.clear()


class Limiter:
    def __init__(self, most: int) -> None:
        self.most = most

    def allows(self, count: int) -> bool:
        return count < self.most
