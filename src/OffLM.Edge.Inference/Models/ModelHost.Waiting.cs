namespace OffLM.Edge.Inference;

/// <summary>
/// The line: a request whose model finds no room waits for its turn. While anybody waits, all that come later stand behind, so that requests for what
/// is loaded can't keep the others out for ever.
/// </summary>
public sealed partial class ModelHost
{
    /// <summary>In order of arrival.</summary>
    private readonly LinkedList<ModelWaiter> _waiting = [];

    /// <summary>How many requests wait for their turn to have their model in memory.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Takes a hold on the model's place in memory, when it is this request's turn.</summary>
    private async Task<HostedModel> HoldAsync(StoredModel model, TimeSpan? keepAlive, CancellationToken cancellation)
    {
        LinkedListNode<ModelWaiter> place;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            if (_waiting.Count == 0 && TryHold(model, keepAlive) is { } hosted)
            {
                return hosted;
            }

            ThrowIfFull(model);
            place = _waiting.AddLast(new ModelWaiter(model, keepAlive));
        }

        await using (cancellation.UnsafeRegister(_ => GiveUp(place, cancellation), null).ConfigureAwait(false))
        {
            return await place.Value.Turn.ConfigureAwait(false);
        }
    }

    /// <summary>A request stops waiting; those behind it may have waited for nothing else.</summary>
    private void GiveUp(LinkedListNode<ModelWaiter> place, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (place.List is not null)
            {
                _waiting.Remove(place);
                place.Value.GiveUp(cancellation);
                LetIn();
            }
        }
    }

    /// <summary>
    /// Lets in who waits, as far as there is room; to be called when there may be more. The first decides which model is next, and all who wait for that one
    /// now come in with it, so that it isn't loaded for each of them. Who comes later doesn't, so the next model's turn comes.
    /// </summary>
    private void LetIn()
    {
        while (_waiting.First is { } first && TryHold(first.Value.Model, first.Value.KeepAlive) is { } hosted)
        {
            _waiting.RemoveFirst();
            first.Value.LetIn(hosted);
            for (var (place, next) = (_waiting.First, _waiting.First?.Next); place is not null; (place, next) = (next, next?.Next))
            {
                if (place.Value.Model.Id == hosted.Model.Id)
                {
                    _waiting.Remove(place);
                    Hold(hosted, place.Value.KeepAlive);
                    place.Value.LetIn(hosted);
                }
            }
        }
    }

    /// <summary>Requests that wait for a place with their model count too: one bound holds for all that wait.</summary>
    private void ThrowIfFull(StoredModel wanted)
    {
        var waiting = _waiting.Count;
        foreach (var hosted in _hosted)
        {
            waiting += hosted.Engine.IsCompletedSuccessfully ? hosted.Engine.Result.Loop.Statistics.Waiting : 0;
        }

        if (waiting >= _options.Scheduler.MaxWaiting)
        {
            throw new ModelBusyException(
                $"{wanted.Name} can't be had now: {string.Join(", ", _hosted.Select(h => h.Model.Name))} is in use, at most {_options.MaxLoaded} may be in "
                + $"memory (inference.maxLoaded), and {waiting} requests wait, of at most {_options.Scheduler.MaxWaiting} (inference.maxWaiting). "
                + "Try again in a while, or raise these settings.");
        }
    }

    /// <summary>To be called with the lock.</summary>
    private void RefuseWaiting()
    {
        foreach (var waiter in _waiting)
        {
            waiter.Refuse(new ObjectDisposedException(GetType().FullName));
        }

        _waiting.Clear();
    }
}
