import uvicorn


def main() -> None:
    uvicorn.run("billing.application:create_app", factory=True, port=8000)


if __name__ == "__main__":
    main()
