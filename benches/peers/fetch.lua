-- The same request each time: BODY and TOKEN in the environment.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Token"] = os.getenv("TOKEN")
wrk.body = os.getenv("BODY")
