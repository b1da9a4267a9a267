"""A web socket of aiohttp's, over TLS, that sends each message's bytes back: bytes are two digits each.

usage: web_socket_server.py CERTIFICATE KEY
It prints its port, and ends with its input.
"""
import asyncio
import ssl
import sys

from aiohttp import WSMsgType, web


async def echo(request):
    if request.headers.get("Authorization") != "Bearer token-2":
        return web.Response(status=401)
    socket = web.WebSocketResponse(autoping=False)
    await socket.prepare(request)
    pings = pongs = 0
    async for message in socket:
        if message.type == WSMsgType.PING:
            pings += 1
            await socket.pong(message.data)
        elif message.type == WSMsgType.PONG:
            pongs += message.data == b"you?"
        elif message.type == WSMsgType.TEXT and message.data == "ffff":
            await socket.close(code=1012, message=b"%d, %d" % (pings > 0, pongs))
        elif message.type == WSMsgType.TEXT:
            await socket.ping(b"you?")
            await socket.send_str(bytes.fromhex(message.data).hex())
    return socket


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    application = web.Application()
    application.router.add_get("/bridge", echo)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


asyncio.run(main())
