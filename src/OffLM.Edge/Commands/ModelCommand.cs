using System.CommandLine;
using System.Text;
using System.Text.Json;
using OffLM.Edge.Hosting;
using OffLM.Edge.Inference;

namespace OffLM.Edge.Commands;

/// <summary><c>model list|pull|verify|rm</c>.</summary>
internal static class ModelCommand
{
    private static readonly Argument<string> Name = new("model") { Description = "The model's name or id." };
    private static readonly Argument<string> Repository = new("repository") { Description = "For example owner/name, or owner/name@revision." };
    private static readonly Option<string?> Source = new("--source") { Description = "The server to pull from (inference.source).", HelpName = "URL" };

    public static Command Create()
    {
        var list = new Command("list", "List the models in the store.");
        list.SetAction(List);
        var pull = new Command("pull", "Fetch a model; goes on where an earlier attempt ended.") { Repository, Source };
        pull.SetAction(PullAsync);
        var verify = new Command("verify", "Check every file of a model against its digest.") { Name };
        verify.SetAction(VerifyAsync);
        var remove = new Command("rm", "Delete a model.") { Name };
        remove.SetAction(RemoveAsync);
        return new Command("model", "The models that this node can run.") { list, pull, verify, remove };
    }

    private static int List(ParseResult result)
    {
        var store = StoreOf(result);
        var models = store.List();
        if (result.GetValue(GlobalOptions.Json))
        {
            Output.Json(json =>
            {
                json.WriteStartArray();
                foreach (var model in models)
                {
                    Write(json, model);
                }

                json.WriteEndArray();
            });
            return 0;
        }

        Output.Table([
            ["NAME", "SIZE", "CONTEXT", "LICENCE", "ID"],
            .. models.Select(m => (string[])[m.Name, Output.Size(m.Bytes), $"{m.Manifest.Context}", m.Manifest.License ?? "unknown", m.Id]),
        ]);
        foreach (var problem in store.Problems())
        {
            Console.Error.WriteLine(problem);
        }

        return 0;
    }

    private static async Task<int> PullAsync(ParseResult result, CancellationToken cancellation)
    {
        var settings = GlobalOptions.SettingsOf(result);
        var source = result.GetValue(Source) is { } given
            ? Uri.TryCreate(given, UriKind.Absolute, out var url) ? url : throw new CommandException("--source: expected an http or https address.")
            : settings.Lan.ModelSource ?? throw new CommandException("No server to pull from is set. Give one with --source URL, or set inference.source.");
        var (repository, revision) = result.GetRequiredValue(Repository).Split('@', 2) is [var r, var v] ? (r, v) : (result.GetRequiredValue(Repository), "main");
        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        try
        {
            var model = await new ModelPuller(StoreOf(result), http, TimeProvider.System).PullAsync(
                new PullRequest(source, repository, revision), new PullLine(), cancellation);
            if (result.GetValue(GlobalOptions.Json))
            {
                Output.Json(json => Write(json, model));
            }
            else
            {
                Console.WriteLine($"{model.Name}  {Output.Size(model.Bytes)}  {model.Id}");
            }

            return 0;
        }
        catch (InferenceException e)
        {
            throw Failed(e);
        }
    }

    private static async Task<int> VerifyAsync(ParseResult result, CancellationToken cancellation)
    {
        var store = StoreOf(result);
        try
        {
            var model = store.Find(result.GetRequiredValue(Name));
            await store.VerifyAsync(model, force: true, cancellation);
            if (result.GetValue(GlobalOptions.Json))
            {
                Output.Json(json => Write(json, model));
            }
            else
            {
                Console.WriteLine($"{model.Name}: all {model.Manifest.Files.Count} files are as its manifest says.");
            }

            return 0;
        }
        catch (InferenceException e)
        {
            throw Failed(e);
        }
    }

    private static async Task<int> RemoveAsync(ParseResult result, CancellationToken cancellation)
    {
        var name = result.GetRequiredValue(Name);
        var (store, sentence) = (StoreOf(result), $"The model {name} is deleted.");
        using var node = ControlClient.Find(GlobalOptions.StateOf(result));
        try
        {
            var model = store.FindToRemove(name);
            if (store.CopiesOf(model).Where(folder => folder != Path.GetFileName(model.Folder)).ToArray() is { Length: > 0 } others)
            {
                sentence = $"The copy of the model {name} in the folder {Path.GetFileName(model.Folder)} is deleted; it is still in {string.Join(", ", others)}.";
            }

            if (node is null)
            {
                store.Remove(model);
            }
        }
        catch (InferenceException e) when (node is null)
        {
            throw Failed(e);
        }

        if (node is not null)
        {
            var body = Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes(name, CommandJson.Default.String));
            using var answer = await node.SendAsync(HttpMethod.Delete, "/api/delete", $"{{\"model\":{body}}}", cancellation);
        }

        Output.Done(result.GetValue(GlobalOptions.Json), sentence, ("name", name), "deleted");
        return 0;
    }

    private static void Write(Utf8JsonWriter json, StoredModel model)
    {
        json.WriteStartObject();
        json.WriteString("name", model.Name);
        json.WriteString("id", model.Id);
        json.WriteNumber("bytes", model.Bytes);
        json.WriteString("license", model.Manifest.License);
        json.WriteEndObject();
    }

    /// <summary>Who can run this command may know where the files are.</summary>
    private static CommandException Failed(InferenceException error) => new(
        error switch
        {
            ModelUnusableException unusable => unusable.OwnerMessage,
            ModelPullException { InnerException: IOException or UnauthorizedAccessException } => $"{error.Message} [{error.InnerException.Message}]",
            _ => error.Message,
        },
        error);

    private static ModelStore StoreOf(ParseResult result)
    {
        var state = GlobalOptions.StateOf(result);
        return new ModelStore(GlobalOptions.SettingsOf(result).NodeOptions(state.Root).ModelsDirectory);
    }

    /// <summary>A line for each file and each tenth of it.</summary>
    private sealed class PullLine : IProgress<PullProgress>
    {
        private string _last = "";

        public void Report(PullProgress value)
        {
            var tenths = value.FileTotal == 0 ? 10 : value.FileCompleted * 10 / value.FileTotal;
            var line = $"{value.File}  {tenths * 10} % of {Output.Size(value.FileTotal)}";
            if (line != _last)
            {
                _last = line;
                Console.Error.WriteLine(line);
            }
        }
    }
}
