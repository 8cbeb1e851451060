import ai.djl.Device;
import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.modality.Input;
import ai.djl.modality.Output;
import ai.djl.translate.NoopServingTranslatorFactory;
import ai.djl.translate.TranslateException;
import ai.djl.translate.Translator;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The queue and the workers of one model, by serving.properties: greedy batches, a full queue refused
 * at once, a dead worker's batch answered 503, the worker replaced until retry_threshold is used up.
 *
 * <p>One difference to the real server: there a dead worker is replaced when the next request comes,
 * here at once.
 */
final class Pool implements AutoCloseable {
    private record Job(Input input, CompletableFuture<Output> result) {}

    private final Path folder;
    private final Properties properties = new Properties();
    private final BlockingQueue<Job> queue;
    private final int batchSize;
    private final int maxDelay;
    private final int wanted;
    private final int retries;
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger failures = new AtomicInteger();
    private volatile boolean failed;
    private volatile boolean closed;
    private Model model;

    Pool(Path folder) throws Exception {
        this.folder = folder;
        try (Reader reader = Files.newBufferedReader(folder.resolve("serving.properties"))) {
            properties.load(reader);
        }
        batchSize = number("batch_size", 1);
        maxDelay = number("max_batch_delay", 100);
        wanted = number("maxWorkers", 1);
        retries = number("retry_threshold", 0);
        queue = new ArrayBlockingQueue<>(number("job_queue_size", 1000));
    }

    private int number(String key, int fallback) {
        return Integer.parseInt(properties.getProperty(key, String.valueOf(fallback)).trim());
    }

    /** Loads every worker; throws if one cannot load, as the real server then does not start. */
    void start() throws Exception {
        Map<String, String> options = new HashMap<>();
        properties.forEach((key, value) ->
                options.put(((String) key).replaceFirst("^option\\.", ""), ((String) value).trim()));
        options.remove("engine");
        model = Model.newInstance("clip", Device.cpu(), properties.getProperty("engine", "Python"));
        model.load(folder, "model", options);
        List<Predictor<Input, Output>> loaded = new ArrayList<>();
        for (int i = 0; i < wanted; i++) {
            loaded.add(load());
        }
        for (Predictor<Input, Output> predictor : loaded) {
            begin(predictor);
        }
    }

    @SuppressWarnings("unchecked")
    private Predictor<Input, Output> load() throws TranslateException {
        Translator<Input, Output> translator =
                new NoopServingTranslatorFactory().newInstance(Input.class, Output.class, model, Map.of());
        return model.newPredictor(translator);
    }

    String status() {
        return failed ? "Failed" : running.get() < wanted ? "Unhealthy" : "Healthy";
    }

    CompletableFuture<Output> run(Input input) {
        CompletableFuture<Output> result = new CompletableFuture<>();
        if (failed) {
            result.completeExceptionally(new Refusal(503, "WlmException", "Model is not ready: FAILED"));
        } else if (running.get() == 0 || !queue.offer(new Job(input, result))) {
            int code = Front.intEnv("SERVING_THROTTLE_ERROR_HTTP_CODE", 503);
            String reason = "Worker queue capacity exceeded for model: clip";
            result.completeExceptionally(new Refusal(code, "WlmCapacityException", reason));
        }
        return result;
    }

    private void begin(Predictor<Input, Output> predictor) {
        running.incrementAndGet();
        Thread thread = new Thread(() -> work(predictor), "worker");
        thread.setDaemon(true);
        thread.start();
    }

    private void work(Predictor<Input, Output> predictor) {
        List<Job> jobs = List.of();
        try {
            while (!closed) {
                jobs = next();
                try {
                    List<Output> outputs = predictor.batchPredict(jobs.stream().map(Job::input).toList());
                    for (int i = 0; i < jobs.size(); i++) {
                        jobs.get(i).result().complete(outputs.get(i));
                    }
                } catch (TranslateException e) {
                    refuse(jobs, new Refusal(400, "TranslateException", e.getMessage()));
                    if (String.valueOf(e.getMessage()).contains("process is stopped")) {
                        throw e;
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Throwable e) {
            refuse(jobs, new Refusal(503, "WlmException", String.valueOf(e.getMessage())));
            replace(predictor);
        }
    }

    private static void refuse(List<Job> jobs, Refusal refusal) {
        jobs.forEach(job -> job.result().completeExceptionally(refusal));
    }

    private void replace(Predictor<Input, Output> dead) {
        running.decrementAndGet();
        dead.close();
        while (!closed) {
            if (failures.incrementAndGet() > retries) {
                failed = true;
                List<Job> left = new ArrayList<>();
                queue.drainTo(left);
                refuse(left, new Refusal(503, "WlmException", "Model is not ready: FAILED"));
                return;
            }
            try {
                begin(load());
                return;
            } catch (Exception e) {
                System.out.println("a worker could not be replaced: " + e);
            }
        }
    }

    /** Takes one job, then what is queued, then waits for more until max_batch_delay is over. */
    private List<Job> next() throws InterruptedException {
        List<Job> jobs = new ArrayList<>();
        jobs.add(queue.take());
        queue.drainTo(jobs, batchSize - 1);
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(maxDelay);
        while (jobs.size() < batchSize) {
            Job job = queue.poll(until - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (job == null) {
                break;
            }
            jobs.add(job);
        }
        return jobs;
    }

    @Override
    public void close() {
        closed = true;
        if (model != null) {
            model.close();
        }
    }
}
