-- The same body for each request: made once.
local file = assert(io.open(os.getenv("BODY")))
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = file:read("*a")
file:close()
