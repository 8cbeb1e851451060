/** An answer that the server gives itself, without the worker: an HTTP status and DJL's name for it. */
final class Refusal extends RuntimeException {
    final int code;
    final String type;

    Refusal(int code, String type, String message) {
        super(message);
        this.code = code;
        this.type = type;
    }
}
