-- A body of its own for each request: a record's template, BODY in the environment, with a number filled in.
local threads = 0

function setup(thread)
    thread:set("id", threads)
    threads = threads + 1
end

function init()
    local file = assert(io.open(os.getenv("BODY")))
    body = file:read("*a")
    file:close()
    at = assert(body:find("________________", 1, true))
    count = 0
    headers = { ["Content-Type"] = "application/json" }
end

function request()
    count = count + 1
    local number = string.format("%04d%012d", id, count)
    return wrk.format("POST", nil, headers, body:sub(1, at - 1) .. number .. body:sub(at + 16))
end
