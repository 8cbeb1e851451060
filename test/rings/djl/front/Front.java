import ai.djl.modality.Input;
import ai.djl.modality.Output;
import ai.djl.ndarray.BytesSupplier;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;

/**
 * A stand-in for the HTTP half of DJL Serving, for machines where its server jars cannot be had.
 *
 * <p>Below it runs the real Python engine of DJL: it starts the worker processes, speaks to them over
 * its socket, packs and unpacks batches, installs requirements.txt, and ends and restarts workers.
 * What is imitated here is only what lies above: the address, headers into properties, the queue, and
 * the error bodies. Usage: Front MODEL_FOLDER PORT
 */
public final class Front {
    private static final int MAX_REQUEST = intEnv("SERVING_MAX_REQUEST_SIZE", 64 << 20);
    private static final String ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes";

    private final Pool pool;

    private Front(Pool pool) {
        this.pool = pool;
    }

    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]).toAbsolutePath();
        Front front = new Front(new Pool(folder));
        front.pool.start(); // like the real server: the port opens only when every worker is loaded
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[1])), 512);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/ping", front::ping);
        server.createContext("/invocations", front::invoke);
        server.createContext("/predictions/clip", front::invoke);
        Runtime.getRuntime().addShutdownHook(new Thread(front.pool::close));
        server.start();
        System.out.println("listening on http://127.0.0.1:" + server.getAddress().getPort());
    }

    private void ping(HttpExchange exchange) throws IOException {
        String status = pool.status();
        send(exchange, status.equals("Failed") ? 500 : 200, Map.of("content-type", "application/json"),
                ("{\"clip\":{\"status\":\"" + status + "\"}}").getBytes(StandardCharsets.UTF_8));
    }

    private void invoke(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readNBytes(MAX_REQUEST + 1);
        if (body.length > MAX_REQUEST) {
            exchange.getResponseHeaders().set("connection", "close");
            exchange.sendResponseHeaders(413, -1);
            exchange.close();
            return;
        }
        Input input = parse(exchange.getRequestHeaders(), body);
        if (input.getProperties().containsKey("handler")) {
            error(exchange, 400, "BadRequestException", "The handler must not be overridden.");
            return;
        }
        try {
            answer(exchange, pool.run(input).join());
        } catch (CompletionException e) {
            Refusal refusal = (Refusal) e.getCause();
            error(exchange, refusal.code, refusal.type, refusal.getMessage());
        }
    }

    private static Input parse(Headers headers, byte[] body) {
        Input input = new Input();
        for (Map.Entry<String, List<String>> header : headers.entrySet()) {
            input.addProperty(header.getKey(), String.join(",", header.getValue()));
        }
        String type = headers.getFirst("Content-Type");
        if (type != null) {
            input.addProperty("content-type", type.split(";")[0].trim().toLowerCase(Locale.ROOT));
        }
        String attributes = headers.getFirst(ATTRIBUTES);
        for (String pair : attributes == null ? new String[0] : attributes.split(";")) {
            int equals = pair.indexOf('=');
            if (equals > 0) {
                input.addProperty(pair.substring(0, equals).trim(), pair.substring(equals + 1).trim());
            }
        }
        input.addProperty("requestId", UUID.randomUUID().toString());
        input.add("data", body);
        return input;
    }

    private static void answer(HttpExchange exchange, Output output) throws IOException {
        BytesSupplier data = output.getContent().isEmpty() ? null : output.getData();
        send(exchange, output.getCode(), output.getProperties(), data == null ? new byte[0] : data.getAsBytes());
    }

    private static void error(HttpExchange exchange, int code, String type, String message) throws IOException {
        String text = message == null ? "" : message.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", " ");
        String body = String.format("{\"code\":%d,\"type\":\"%s\",\"message\":\"%s\"}", code, type, text);
        send(exchange, code, Map.of("content-type", "application/json"), body.getBytes(StandardCharsets.UTF_8));
    }

    private static void send(HttpExchange exchange, int code, Map<String, String> headers, byte[] body)
            throws IOException {
        headers.forEach((key, value) -> exchange.getResponseHeaders().set(key, value));
        if (code >= 400) {
            exchange.getResponseHeaders().set("connection", "close");
        }
        exchange.sendResponseHeaders(code, body.length == 0 ? -1 : body.length);
        if (body.length > 0) {
            exchange.getResponseBody().write(body);
        }
        exchange.close();
    }

    static int intEnv(String name, int fallback) {
        String value = System.getenv(name);
        return value == null ? fallback : Integer.parseInt(value);
    }
}
