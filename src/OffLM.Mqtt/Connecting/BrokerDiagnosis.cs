using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OffLM.Mqtt.Connecting;

/// <summary>
/// Finds out why a connect failed. The library only says that it did; this goes the same way again, step by step, up to where the
/// first MQTT packet would be sent, and puts what it meets into a sentence. It sends no user, password or message.
/// </summary>
internal sealed class BrokerDiagnosis(MqttOptions options, TimeProvider time)
{
    /// <summary>With TLS 1.3 the broker's verdict on our certificate comes after the handshake.</summary>
    private static readonly TimeSpan s_verdict = TimeSpan.FromSeconds(2);

    private readonly string _host = options.Broker.DnsSafeHost;
    private readonly int _port = MqttOptions.PortOf(options.Broker);

    private string Place => options.Broker.HostNameType == UriHostNameType.IPv6 ? $"[{_host}]:{_port}" : $"{_host}:{_port}";

    /// <summary>Null if the broker's name can be resolved, else why not.</summary>
    public async Task<string?> ResolveAsync(CancellationToken cancellation)
    {
        try
        {
            var found = await Dns.GetHostAddressesAsync(_host, cancellation).WaitAsync(options.ConnectTimeout, time, cancellation);
            return found.Length > 0 ? null : $"The broker's name {_host} has no address.";
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode == SocketError.HostNotFound
                ? $"The broker's name {_host} is not known to DNS; correct the broker's address, or wait for the network."
                : $"The broker's name {_host} could not be resolved ({exception.SocketErrorCode}); is there a network, and a name server?";
        }
        catch (TimeoutException)
        {
            return $"No name server answered for the broker's name {_host} within {Seconds(options.ConnectTimeout)}; is there a network?";
        }
    }

    /// <summary>Why connecting fails.</summary>
    /// <param name="timedOut">The attempt that is to be explained ran out of time, instead of failing.</param>
    /// <param name="cancellation">Ends the search.</param>
    public async Task<string> ExplainAsync(bool timedOut, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(options.ConnectTimeout);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(_host, _port, limit.Token);
            var tls = options.Broker.Scheme == MqttOptions.TlsScheme;
            if (tls && await ExplainTlsAsync(client.GetStream(), limit.Token) is { } problem)
            {
                return problem;
            }

            return timedOut ? $"The broker at {Place} took the connection but did not answer within {Seconds(options.ConnectTimeout)}."
                : tls ? $"The broker at {Place} closed the connection without an answer; is it an MQTT 5 broker?"
                : $"The broker at {Place} closed the connection without an answer; is it an MQTT 5 broker, and not one that wants TLS (mqtts://)?";
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode switch
            {
                SocketError.ConnectionRefused => $"Nothing answers at {Place} (connection refused): is the broker running, and its port right?",
                SocketError.NetworkUnreachable or SocketError.HostUnreachable or SocketError.NetworkDown =>
                    $"There is no way to {Place} ({exception.SocketErrorCode}): is the network up?",
                SocketError.TimedOut => TimedOut(),
                _ => $"The connection to {Place} failed: {exception.Message}.",
            };
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return TimedOut();
        }
    }

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.#} s");

    private static string Moment(DateTimeOffset at) => at.ToUniversalTime().ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    private string TimedOut() =>
        $"{Place} did not answer within {Seconds(options.ConnectTimeout)}: is the address right, and no firewall in between?";

    private async Task<string?> ExplainTlsAsync(NetworkStream stream, CancellationToken cancellation)
    {
        string? problem = null;
        await using var tls = new SslStream(stream);
        try
        {
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = _host,
                    ClientCertificates = OwnCertificate(),
                    CertificateChainPolicy = ChainPolicy(),
                    RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
                        (problem = Judge(certificate as X509Certificate2, chain, errors)) is null,
                },
                cancellation);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limit.CancelAfter(s_verdict);
            _ = await tls.ReadAsync(new byte[1], limit.Token);
            return null;
        }
        catch (Exception exception) when (exception is AuthenticationException or IOException)
        {
            return problem ?? (IsAboutOwnCertificate(exception)
                ? options.CertificateFile is null
                    ? $"The broker at {Place} wants a client certificate; set one."
                    : $"The broker at {Place} does not take the client certificate {options.CertificateFile}: has it expired, or is its authority unknown there?"
                : $"TLS with {Place} failed: {(exception.InnerException ?? exception).Message.TrimEnd('.')}. Is it a port for TLS?");
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException or UnauthorizedAccessException)
        {
            return $"A certificate file cannot be used: {exception.Message.TrimEnd('.')}. Expected are PEM files: the authorities in {options.CaFile ?? "the system's folder"}"
                + (options.CertificateFile is null ? "." : $", the client's certificate in {options.CertificateFile} with its key.");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return null;   // no verdict came: the certificates are fine
        }
    }

    private static bool IsAboutOwnCertificate(Exception exception)
    {
        var text = exception.ToString();
        return text.Contains("alert", StringComparison.OrdinalIgnoreCase)
            && (text.Contains("certificate", StringComparison.OrdinalIgnoreCase) || text.Contains("unknown ca", StringComparison.OrdinalIgnoreCase)
                || text.Contains("handshake failure", StringComparison.OrdinalIgnoreCase));
    }

    private X509CertificateCollection? OwnCertificate() =>
        options.CertificateFile is not { } file ? null
        : [options.PrivateKeyPassword is { } password
            ? X509Certificate2.CreateFromEncryptedPemFile(file, password, options.PrivateKeyFile)
            : X509Certificate2.CreateFromPemFile(file, options.PrivateKeyFile)];

    private X509ChainPolicy ChainPolicy()
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck };
        if (options.CaFile is { } file)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.ImportFromPemFile(file);
        }

        return policy;
    }

    private string? Judge(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null)
        {
            return $"The broker at {Place} has no certificate.";
        }

        var now = time.GetUtcNow();
        foreach (var one in chain?.ChainElements.Select(element => element.Certificate) ?? [certificate])
        {
            var whose = one.Thumbprint == certificate.Thumbprint ? "The broker's certificate" : $"The certificate of the authority {Name(one.Subject)}";
            if (now < one.NotBefore)
            {
                return $"{whose} is valid only from {Moment(one.NotBefore)} on, but the clock says {Moment(now)}: set the time, or wait for NTP.";
            }

            if (now > one.NotAfter)
            {
                return $"{whose} expired on {Moment(one.NotAfter)}, and the clock says {Moment(now)}: the broker needs a new one, unless the clock is wrong.";
            }
        }

        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors))
        {
            var trusted = options.CaFile is { } file ? $"in {file}" : "on this system; set a CA file";
            return $"The broker's certificate was issued by {Name(certificate.Issuer)}, which is not among the trusted authorities {trusted}.";
        }

        return errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)
            ? $"The broker's certificate is for {Name(certificate.Subject)}, not for {_host}: use the name it was issued for."
            : null;
    }

    private static string Name(string subject) => string.Concat(subject.Where(c => !char.IsControl(c)).Take(120));
}
