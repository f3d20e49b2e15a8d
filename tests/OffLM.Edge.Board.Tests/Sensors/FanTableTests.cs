using OffLM.Edge.Board.Fan;

namespace OffLM.Edge.Board.Tests.Sensors;

public sealed class FanTableTests
{
    private const string Text =
        """
        POLLING_INTERVAL 2
        <FAN 1>
            TMARGIN ENABLED
            FAN_GOVERNOR pid {
                STEP_SIZE 10
            }
            FAN_PROFILE cool {
                #TEMP HYST PWM RPM
                0 0 255 6000
                60 0 66 1500
            }
            FAN_PROFILE quiet {
                0   0  255  6000
                10  0  255  6000
                11  0  187  4000
                31  0  187  4000
                70  0  0    0
                105 0  0    0
            }
            THERMAL_GROUP 0 {
                GROUP_MAX_TEMP 105
                tj-thermal 20,0,0,0 0
            }
            FAN_DEFAULT_PROFILE quiet
        """;

    [Fact]
    public void With_TMARGIN_the_fan_is_fast_when_hot_and_stands_still_when_cool()
    {
        var quiet = FanTable.Parse(Text)[0];

        Assert.Equal("quiet", quiet.Name);
        Assert.Equal(255, quiet.PwmAt(100));
        Assert.Equal(187, quiet.PwmAt(80));
        Assert.Equal(0, quiet.PwmAt(30));
        Assert.InRange(quiet.PwmAt(60), 119, 121);
    }

    [Fact]
    public void Without_TMARGIN_the_column_is_a_temperature()
    {
        var table = FanTable.Parse("<FAN 1>\nTMARGIN DISABLED\nFAN_PROFILE plain {\n 40 0 50 0\n 80 0 250 0\n}\n")[0];

        Assert.Equal(50, table.PwmAt(20));
        Assert.Equal(150, table.PwmAt(60));
        Assert.Equal(250, table.PwmAt(95));
    }

    [Fact]
    public void A_file_without_tables_has_none() => Assert.Empty(FanTable.Parse("POLLING_INTERVAL 2\n"));
}
