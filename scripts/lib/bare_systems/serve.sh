# Starts `$1 serve digits.onnx`, asks it by HTTP with bash alone what the tensor in the file $2 is, and
# prints the answer.
"$1" serve digits.onnx >serve.log 2>&1 &
server=$!
for _ in $(seq 200); do
  if (exec 3<>/dev/tcp/127.0.0.1/8000) 2>/dev/null; then break; fi
  kill -0 "$server" 2>/dev/null || break
  sleep 0.1
done
body=$(cat "$2")
exec 3<>/dev/tcp/127.0.0.1/8000 || { cat serve.log >&2; exit 1; }
printf 'POST /v2/models/digits/infer HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n' >&3
printf 'Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s' "${#body}" "$body" >&3
cat <&3
kill -TERM "$server"
wait "$server"
